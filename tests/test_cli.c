/* The program as its user meets it: help, typos, streams, signals, terminals. What commands compute is tested elsewhere. */
#include "check.h"

#include <poll.h>
#include <sys/stat.h>

#include "program.h"

#include "cli/command.h"
#include "cli/lines.h"
#include "cli/restart.h"

/* ---- help ---- */

static void test_overview(void **state) {
    (void)state;
    Ran ran = program_run(NULL, "--help", NULL);
    assert_int_equal(ran.status, 0);
    assert_string_equal(ran.err, "");
    for (CommandId id = 0; id < COMMAND_COUNT; id++) {
        char line[64];
        snprintf(line, sizeof line, "\n  %-10s ", command_name(id));
        if (!strstr(ran.out, line)) fail_msg("--help lacks %s", command_name(id));
    }
    ran_free(&ran);
    ran = program_run(NULL, "--version", NULL);
    assert_string_equal(ran.out, "twofold " TWOFOLD_VERSION "\n");
    ran_free(&ran);
    ran = program_run(NULL, NULL);
    assert_int_equal(ran.status, 2);
    assert_string_equal(ran.out, "");
    ran_free(&ran);
}

/* The words of a row stand in the help, however it was wrapped. */
static void check_shown(const char *help, const char *command, const Option *option, const void *defaults) {
    char flag[96];
    snprintf(flag, sizeof flag, "\n  --%s", option->name);
    const char *at = strstr(help, flag);
    while (at && !strchr(" \n", at[strlen(flag)])) at = strstr(at + 1, flag);
    if (!at) fail_msg("%s --help lacks %s", command, flag + 3);
    const char *end = strstr(at + 1, "\n  --");
    char row[4096];
    size_t size = 0;
    for (const char *c = at; *c && c != end && size < sizeof row - 1; c++) {
        if ((*c == ' ' || *c == '\n') && size && row[size - 1] == ' ') continue;
        row[size++] = *c == '\n' ? ' ' : *c;
    }
    row[size] = '\0';
    Buffer value = {0};
    buffer_text(&value, "[");
    option_value_text(&value, option, defaults);
    buffer_text(&value, "]");
    bool is_set = value.size > 2 && !option->needed;
    if (is_set && !strstr(row, value.data) && !option->unset)
        fail_msg("%s --help: '%s' lacks the default %s", command, row, value.data);
    if (option->unset && !strchr(row, '[')) fail_msg("%s --help: '%s' lacks its default", command, row);
    buffer_free(&value);
}

static void test_command_help(void **state) {
    (void)state;
    Settings defaults = settings_defaults();
    const OptionTable *table = settings_table();
    for (CommandId id = 0; id < COMMAND_COUNT; id++) {
        Ran ran = program_run(NULL, command_name(id), "--help", NULL);
        assert_int_equal(ran.status, 0);
        assert_string_equal(ran.err, "");
        for (int i = 0; i < table->count; i++) {
            const Option *option = &table->rows[i];
            if (option->commands >> id & 1u) check_shown(ran.out, command_name(id), option, &defaults);
        }
        Ran other = program_run(NULL, "help", command_name(id), NULL);
        assert_string_equal(ran.out, other.out);
        ran_free(&other);
        ran_free(&ran);
    }
}

/* Names and aliases of one command's rows never meet, and every row says what it is. */
static void test_table(void **state) {
    (void)state;
    const OptionTable *table = settings_table();
    assert_true(table->count <= OPTIONS_MOST);
    for (int i = 0; i < table->count; i++) {
        const Option *option = &table->rows[i];
        assert_non_null(option->help);
        assert_non_null(option->group);
        assert_true(option->offset + option->size <= sizeof(Settings));
        assert_int_equal(option->needed & ~option->commands, 0);
        for (CommandId id = 0; id < COMMAND_COUNT; id++) {
            if (!(option->commands >> id & 1u)) continue;
            if (options_find(table, (int)id, option->name) != option)
                fail_msg("--%s twice for %s", option->name, command_name(id));
            char aliases[256];
            snprintf(aliases, sizeof aliases, "%s", option->aliases ? option->aliases : "");
            for (char *alias = strtok(aliases, " "); alias; alias = strtok(NULL, " "))
                if (options_find(table, (int)id, alias) != option) fail_msg("--%s twice for %s", alias, command_name(id));
        }
    }
}

/* ---- wrong usage ---- */

static void test_typos(void **state) {
    (void)state;
    CHECK_RUN(2, "twofold: no command 'hepl'; did you mean help?   (twofold --help)\n", NULL, "hepl");
    CHECK_RUN(2, "twofold: no command 'qqqqqq'   (twofold --help)\n", NULL, "qqqqqq");
    CHECK_RUN(2, "twofold: no flag --verison; did you mean --version?", NULL, "--verison");
    CHECK_RUN(2, "twofold: flags stand behind a command, found --quiet first", NULL, "--quiet");
    CHECK_RUN(2, "found 'two' besides   (twofold help --help)\n", NULL, "help", "one", "two");
    CHECK_RUN(2, "no command 'trian'", NULL, "help", "trian");
    CHECK_RUN(2, "twofold: no flag --modell", NULL, "help", "--modell=1");
}

/* ---- streams ---- */

static void test_full_disk(void **state) {
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    if (full < 0) {
        print_message("no /dev/full here: not tested\n");
        return;
    }
    FILE *err = tmpfile();
    char *words[] = {strdup("twofold"), strdup("--help"), NULL};
    assert_int_equal(program_wait(program_start(words, -1, full, fileno(err))), 1);
    char *said = read_all(err, NULL);
    assert_string_equal(said, "twofold: standard output: No space left on device\n");
    free(said);
    fclose(err);
    close(full);
    free(words[0]);
    free(words[1]);
}

/* `twofold --help | head -0`: the reader has left before anything is written. */
static void test_reader_left(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    FILE *err = tmpfile();
    char *words[] = {strdup("twofold"), strdup("--help"), NULL};
    assert_int_equal(program_wait(program_start(words, -1, ends[1], fileno(err))), 0);
    char *said = read_all(err, NULL);
    assert_string_equal(said, "");
    free(said);
    fclose(err);
    close(ends[1]);
    free(words[0]);
    free(words[1]);
}

/* ---- starting again for OpenBLAS ---- */

static void test_restart(void **state) {
    (void)state;
    assert_true(restart_is_worth("Haswell", true, NULL));
    assert_true(restart_is_worth("Zen", true, ""));
    assert_false(restart_is_worth("Haswell", false, NULL));
    assert_false(restart_is_worth("Haswell", true, "Haswell"));
    assert_false(restart_is_worth("SkylakeX", true, NULL));
    assert_false(restart_is_worth("Cooperlake", true, NULL));
    assert_false(restart_is_worth(NULL, true, NULL));
}

/* ---- terminals ---- */

/* What `twofold hepl` prints on a terminal. */
static void run_on_terminal(char said[512]) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) skip_all("no pseudo-terminals here");
    int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(side >= 0);
    char *words[] = {strdup("twofold"), strdup("hepl"), NULL};
    assert_int_equal(program_wait(program_start(words, -1, -1, side)), 2);
    size_t size = 0; /* what was written comes in pieces, and a moment later */
    struct pollfd ready = {.fd = terminal, .events = POLLIN};
    said[0] = '\0';
    while (!strchr(said, '\n') && size < 511 && poll(&ready, 1, 10000) > 0) {
        ssize_t got = read(terminal, said + size, 511 - size);
        if (got <= 0) break;
        said[size += (size_t)got] = '\0';
    }
    close(side);
    close(terminal);
    free(words[0]);
    free(words[1]);
}

static void test_colour(void **state) {
    (void)state;
    char said[512];
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    run_on_terminal(said);
    assert_non_null(strstr(said, "\033[31mtwofold:\033[0m no command"));
    setenv("NO_COLOR", "1", 1);
    run_on_terminal(said);
    assert_non_null(strstr(said, "twofold: no command"));
    assert_null(strchr(said, '\033'));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    run_on_terminal(said);
    assert_null(strchr(said, '\033'));
}

/* Runs `work` with standard error in a file; returns what it said. */
static char *said_by(void (*work)(Terminal *), bool quiet) {
    FILE *file = tmpfile();
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    Terminal terminal;
    terminal_start(&terminal, quiet);
    work(&terminal);
    terminal_clear(&terminal);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    char *said = read_all(file, NULL);
    fclose(file);
    return said;
}

static void report_progress(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    observer_progress(&observer, "features", 0, 2000, "texts", "");
    observer_progress(&observer, "short", 0, 10, "texts", "");
    observer_progress(&observer, "short", 10, 10, "texts", "");
    observer_progress(&observer, "features", 0, 2000, "texts", "");
    usleep(400000);
    for (int i = 0; i <= 2000; i++) observer_progress(&observer, "features", i, 2000, "texts", i == 2000 ? "21 tokens/s" : "");
    observer_note(&observer, "a\033[2Jb");
    observer_progress(&observer, "other", 4, 10, "steps", "");
    usleep(400000);
    observer_progress(&observer, "other", 5, 10, "steps", "loss 0.801");
}

static void test_plain_lines(void **state) {
    (void)state;
    char *said = said_by(report_progress, false);
    assert_non_null(strstr(said, "features       0/2,000 texts\n"));
    assert_non_null(strstr(said, "features       2,000 texts in "));
    assert_non_null(strstr(said, "  21 tokens/s\n"));
    assert_null(strchr(said, '\033'));
    assert_non_null(strstr(said, "other          5/10 steps  loss 0.801"));
    int lines = 0;
    for (const char *c = said; *c; c++) lines += *c == '\n';
    assert_int_equal(lines, 4); /* none of short; start, end, note, start: nothing in between within ten seconds */
    free(said);
    said = said_by(report_progress, true);
    assert_string_equal(said, "");
    free(said);
}

/* ---- lines ---- */

static void check_line(LineReader *reader, const char *expected) {
    Error err = {0};
    const char *text;
    size_t size;
    CHECK_OK(lines_next(reader, &text, &size, NULL, &err), &err);
    if (!expected) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
}

static void test_lines(void **state) {
    (void)state;
    Error err = {0};
    LineReader reader;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_true(lines_open(&reader, "-", &err));
    reader.file = ends[0];
    assert_false(lines_waiting(&reader));
    static const char first[] = "\xef\xbb\xbfone\r\n\n\rtwo\r\nthr";
    assert_int_equal(write(ends[1], first, sizeof first - 1), sizeof first - 1);
    assert_true(lines_waiting(&reader));
    check_line(&reader, "one");
    check_line(&reader, "");
    check_line(&reader, "\rtwo");
    assert_false(lines_waiting(&reader)); /* "thr" is not whole */
    assert_int_equal(write(ends[1], "ee\nfour", 7), 7);
    assert_true(lines_waiting(&reader));
    check_line(&reader, "three");
    close(ends[1]);
    assert_true(lines_waiting(&reader));
    check_line(&reader, "four");
    check_line(&reader, NULL);
    assert_false(lines_waiting(&reader));
    lines_close(&reader);
    CHECK_FAILS(lines_open(&reader, "/no/such/file", &err), &err, ERROR_PATH, "/no/such/file: cannot be opened: No such file or directory");
    char pipe_path[] = "/tmp/twofold-pipe-XXXXXX";
    close(mkstemp(pipe_path));
    assert_true(unlink(pipe_path) == 0 && mkfifo(pipe_path, 0600) == 0);
    (void)alarm(60);
    CHECK_FAILS(lines_open(&reader, pipe_path, &err), &err, ERROR_PATH, "a pipe, expected a file");
    (void)alarm(0);
    unlink(pipe_path);
}

/* Longer than what is read at once, and without quadratic searching. */
static void test_long_line(void **state) {
    (void)state;
    Error err = {0};
    char path[] = "/tmp/twofold-lines-XXXXXX";
    int file = mkstemp(path);
    enum { SIZE = 3 << 20 };
    char *text = malloc(SIZE);
    memset(text, 'x', SIZE);
    text[SIZE - 2] = '\n';
    assert_int_equal(write(file, text, SIZE), SIZE);
    close(file);
    LineReader reader;
    CHECK_OK(lines_open(&reader, path, &err), &err);
    const char *line;
    size_t size;
    CHECK_OK(lines_next(&reader, &line, &size, NULL, &err), &err);
    assert_int_equal(size, SIZE - 2);
    assert_memory_equal(line, text, size);
    check_line(&reader, "x");
    check_line(&reader, NULL);
    lines_close(&reader);
    unlink(path);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overview),  cmocka_unit_test(test_command_help), cmocka_unit_test(test_table),
        cmocka_unit_test(test_typos),     cmocka_unit_test(test_full_disk),    cmocka_unit_test(test_reader_left),
        cmocka_unit_test(test_colour),    cmocka_unit_test(test_plain_lines),  cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_line), cmocka_unit_test(test_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
