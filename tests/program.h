/* Runs the built program as a user's shell would, and keeps what it said. */
#ifndef TWOFOLD_TESTS_PROGRAM_H
#define TWOFOLD_TESTS_PROGRAM_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* static inline, as in check.h: a test need not use all of them. */

typedef struct Ran {
    int status;      /* exit status, or 128 + the signal */
    char *out, *err; /* NUL-terminated; malloc */
    size_t out_size;
} Ran;

enum { PROGRAM_WORDS_MOST = 48 };

static inline char *read_all(FILE *stream, size_t *size) {
    char *text = NULL;
    size_t used = 0, capacity = 0;
    rewind(stream);
    do {
        if (used + 4096 > capacity) {
            capacity = 2 * capacity + 8192;
            text = realloc(text, capacity);
            if (!text) abort();
        }
        used += fread(text + used, 1, 4095, stream);
    } while (!feof(stream) && !ferror(stream));
    text[used] = '\0';
    if (size) *size = used;
    return text;
}

/* Starts it with the three streams given; -1 leaves one as it is. */
static inline pid_t program_start(char *const *words, int in, int out, int err) {
    pid_t child = fork();
    if (child != 0) return child;
    (void)signal(SIGPIPE, SIG_DFL);
    if (in >= 0) dup2(in, 0);
    if (out >= 0) dup2(out, 1);
    if (err >= 0) dup2(err, 2);
    execv(TWOFOLD_PROGRAM, words);
    _exit(127);
}

static inline int program_wait(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline Ran program_run_words(const char *input, char *const *words) {
    FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
    if (!in || !out || !err) abort();
    if (input) (void)fwrite(input, 1, strlen(input), in);
    rewind(in);
    fflush(in);
    lseek(fileno(in), 0, SEEK_SET);
    Ran ran = {.status = program_wait(program_start(words, fileno(in), fileno(out), fileno(err)))};
    ran.out = read_all(out, &ran.out_size);
    ran.err = read_all(err, NULL);
    fclose(in);
    fclose(out);
    fclose(err);
    return ran;
}

/* program_run(standard input or NULL, "tokenize", "--model", folder, NULL) */
static inline Ran program_run(const char *input, ...) __attribute__((sentinel));
static inline Ran program_run(const char *input, ...) {
    char *words[PROGRAM_WORDS_MOST] = {strdup("twofold")};
    int count = 1;
    va_list arguments;
    va_start(arguments, input);
    for (const char *word = va_arg(arguments, const char *); word && count < PROGRAM_WORDS_MOST - 1;
         word = va_arg(arguments, const char *))
        words[count++] = strdup(word);
    va_end(arguments);
    Ran ran = program_run_words(input, words);
    for (int i = 0; i < count; i++) free(words[i]);
    return ran;
}

static inline void ran_free(Ran *ran) {
    free(ran->out);
    free(ran->err);
    *ran = (Ran){0};
}

/* Runs, and checks exit status and a part of what stands on standard error; what it printed is shown when that is not so. */
#define CHECK_RUN(status_, part, ...) \
    do { \
        Ran ran_ = program_run(__VA_ARGS__, NULL); \
        if (ran_.status != (status_) || !strstr(ran_.err, part)) \
            fail_msg("%s: status %d, expected %d with '%s'; stderr: %s", #__VA_ARGS__, ran_.status, status_, part, ran_.err); \
        ran_free(&ran_); \
    } while (0)

#endif
