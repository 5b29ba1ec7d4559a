#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/utf8.h"

enum { BAR_MOST = 28, BAR_LEAST = 8, TASK_COLUMNS = 14 };
/* What is over at once needs no bar and no line. */
static const double SHOW_AFTER_S = 0.3, DRAW_EVERY_S = 0.1, LINE_EVERY_S = 10, RATE_AFTER_S = 1;

/* ---- signals ---- */

static volatile sig_atomic_t signal_seen;
static volatile sig_atomic_t bar_drawn;

static atomic_bool somebody_asks; /* whether to stop: else a wish would not be heard */

/* The shell sees the program die of the signal. What is left is what a killed run leaves, and is tidied as that is: by the next one. */
static void die_of(int signal_number) {
    if (bar_drawn) {
        ssize_t written = write(STDERR_FILENO, "\r\033[K", 4);
        (void)written;
    }
    struct sigaction end = {.sa_handler = SIG_DFL};
    sigset_t only;
    (void)sigemptyset(&only);
    (void)sigaddset(&only, signal_number);
    (void)sigaction(signal_number, &end, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, &only, NULL); /* it is blocked while it is handled */
    (void)raise(signal_number);
    _exit(128 + signal_number); /* a container's first process does not die of the default */
}

static void on_signal(int signal_number) {
    if (signal_seen) _exit(128 + signal_number);
    if (!atomic_load(&somebody_asks)) die_of(signal_number);
    signal_seen = signal_number;
    static const char sentence[] = "\r\033[Ktwofold: stopping after this step … (again to leave at once)\n";
    size_t skipped = bar_drawn ? 0 : 4; /* nothing to draw over */
    int kept_errno = errno;
    ssize_t written = write(STDERR_FILENO, sentence + skipped, sizeof sentence - 1 - skipped);
    (void)written;
    errno = kept_errno;
}

void terminal_prepare(void) {
    /* A file opened later must not become standard output by taking its number. Read-only, so that writing fails. */
    for (int stream = 0; stream <= 2; stream++)
        if (fcntl(stream, F_GETFD) < 0) (void)open("/dev/null", O_RDONLY);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, stop = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL); /* a file-size limit: a failed write, not a dead process */
    struct sigaction before;
    const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        /* a shell's background job is started with SIGINT ignored, and stays so */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        (void)sigaction(signals[i], &stop, NULL);
    }
}

int terminal_signal(void) { return signal_seen; }

bool terminal_stop_asking(Error *err) {
    atomic_store(&somebody_asks, false); /* first: a signal after it ends the program, one before it has been seen */
    return !signal_seen || FAIL(err, ERROR_INTERRUPTED, "stopped");
}

/* ---- the screen ---- */

static bool is_dumb(void) {
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

static bool may_colour(int stream) {
    const char *no_color = getenv("NO_COLOR");
    return isatty(stream) && !is_dumb() && !(no_color && *no_color);
}

void terminal_start(Terminal *terminal, bool quiet) {
    *terminal = (Terminal){.bars = isatty(STDERR_FILENO) && !is_dumb(), .colour = may_colour(STDERR_FILENO), .quiet = quiet};
}

static int stream_columns(int stream) {
    struct winsize size;
    if (ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long number = columns ? strtol(columns, NULL, 10) : 0;
    return number > 0 && number < 10000 ? (int)number : 0;
}

int terminal_columns(int stream) {
    int columns = stream_columns(stream);
    if (columns == 0) return 100;
    return columns < 40 ? 40 : columns;
}

void terminal_clear(Terminal *terminal) {
    (void)terminal;
    if (!bar_drawn) return;
    (void)fputs("\r\033[K", stderr);
    bar_drawn = 0;
}

static void say_line(Terminal *terminal, const char *line) {
    terminal_clear(terminal);
    Buffer safe = {0};
    escape_terminal(&safe, line, strlen(line));
    if (!safe.failed) (void)fprintf(stderr, "%s\n", safe.data ? safe.data : "");
    buffer_free(&safe);
}

void terminal_say(Terminal *terminal, const char *format, ...) {
    if (terminal->quiet) return;
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    say_line(terminal, line);
}

void terminal_error(Terminal *terminal, const char *sentence) {
    terminal_clear(terminal);
    (void)fputs(terminal->colour ? "\033[31mtwofold:\033[0m " : "twofold: ", stderr);
    say_line(terminal, sentence);
}

/* ---- progress ---- */

static void time_left_text(char out[32], double seconds) {
    long left = seconds < 86400.0 * 30 ? (long)(seconds + 0.999) : 86400L * 30;
    if (left >= 3600)
        (void)snprintf(out, 32, "%ld:%02ld:%02ld", left / 3600, left / 60 % 60, left % 60);
    else
        (void)snprintf(out, 32, "%ld:%02ld", left / 60, left % 60);
}

static void add_rate(Buffer *out, double rate, const char *unit) {
    char count[32];
    count_text(count, (int64_t)(rate + 0.5));
    if (rate < 9.5)
        buffer_printf(out, "  %.1f %s/s", rate, unit);
    else
        buffer_printf(out, "  %s %s/s", count, unit);
}

/* "14,208/20,000 texts  21,340 tokens/s  0:08 left" */
static void add_state(Buffer *out, const Terminal *terminal, int64_t done, int64_t total, const char *unit, const char *detail) {
    char count[32];
    count_text(count, done);
    buffer_text(out, count);
    if (total > 0) {
        count_text(count, total);
        buffer_printf(out, "/%s", count);
    }
    buffer_printf(out, " %s", unit);
    double seconds = clock_wall_s() - terminal->started_s;
    double rate = (double)(done - terminal->first_done) / (seconds > 0 ? seconds : 1);
    bool known = seconds >= RATE_AFTER_S && rate > 0;
    if (*detail)
        buffer_printf(out, "  %s", detail);
    else if (known)
        add_rate(out, rate, unit);
    if (!known || total <= 0) return;
    char left[32];
    time_left_text(left, (double)(total - done) / rate);
    buffer_printf(out, "  %s left", left);
}

static void add_bar(Buffer *out, int width, double share) {
    int full = (int)(share * width);
    for (int i = 0; i < width; i++) buffer_text(out, i < full ? "█" : "░");
    buffer_text(out, "  ");
}

/* Cuts text to so many columns, between characters. */
static size_t size_of_columns(const char *text, size_t size, int columns) {
    size_t end = 0;
    for (int used = 0; end < size;) {
        uint32_t code_point;
        int bytes = utf8_decode(text + end, size - end, &code_point);
        if (bytes == 0) break;
        used += utf8_width(text + end, (size_t)bytes);
        if (used > columns) break;
        end += (size_t)bytes;
    }
    return end;
}

static void draw(Terminal *terminal, int64_t done, int64_t total, const char *unit, const char *detail) {
    Buffer state = {0}, line = {0};
    add_state(&state, terminal, done, total, unit, detail);
    int columns = stream_columns(STDERR_FILENO);
    if (columns == 0) columns = 80;
    int task = utf8_width(terminal->task, strlen(terminal->task));
    buffer_printf(&line, "%s%*s ", terminal->task, task < TASK_COLUMNS ? TASK_COLUMNS - task : 0, "");
    int room =
        columns - 1 - (task < TASK_COLUMNS ? TASK_COLUMNS : task) - 3 - utf8_width(state.data ? state.data : "", state.size);
    if (total > 0 && room >= BAR_LEAST) add_bar(&line, room < BAR_MOST ? room : BAR_MOST, (double)done / (double)total);
    buffer_add(&line, state.data, state.size);
    if (buffer_ok(&line, NULL)) {
        bar_drawn = 1;
        (void)fprintf(stderr, "\r%.*s\033[K", (int)size_of_columns(line.data, line.size, columns - 1), line.data);
        (void)fflush(stderr);
    }
    buffer_free(&state);
    buffer_free(&line);
}

static void say_state(Terminal *terminal, int64_t done, int64_t total, const char *unit, const char *detail) {
    Buffer state = {0};
    add_state(&state, terminal, done, total, unit, detail);
    if (buffer_ok(&state, NULL)) terminal_say(terminal, "%-*s %s", TASK_COLUMNS, terminal->task, state.data);
    buffer_free(&state);
}

/* "features       20,000 texts in 32 s  21,340 tokens/s"; nothing of what was over at once */
static void say_end(Terminal *terminal, int64_t done, const char *unit, const char *detail) {
    char count[32], time[32];
    double seconds = clock_wall_s() - terminal->started_s;
    count_text(count, done - terminal->first_done);
    duration_text(time, seconds);
    if (seconds >= SHOW_AFTER_S)
        terminal_say(terminal, "%-*s %s %s in %s%s%s", TASK_COLUMNS, terminal->task, count, unit, time, *detail ? "  " : "", detail);
    terminal->task[0] = '\0';
}

static void begin_task(Terminal *terminal, const char *task, int64_t done) {
    (void)snprintf(terminal->task, sizeof terminal->task, "%s", task);
    terminal->started_s = clock_wall_s();
    terminal->drawn_s = 0; /* not yet */
    terminal->first_done = done;
}

static void on_progress(void *context, const char *task, int64_t done, int64_t total, const char *unit, const char *detail) {
    Terminal *terminal = context;
    if (terminal->quiet) return;
    if (strncmp(task, terminal->task, sizeof terminal->task - 1) != 0 || done < terminal->last_done)
        begin_task(terminal, task, done);
    terminal->last_done = done;
    if (total > 0 && done >= total) {
        say_end(terminal, done, unit, detail);
        return;
    }
    double now = clock_wall_s();
    if (now - terminal->started_s < SHOW_AFTER_S) return;
    if (terminal->drawn_s > 0 && now - terminal->drawn_s < (terminal->bars ? DRAW_EVERY_S : LINE_EVERY_S)) return;
    terminal->drawn_s = now;
    if (terminal->bars)
        draw(terminal, done, total, unit, detail);
    else
        say_state(terminal, done, total, unit, detail);
}

static void on_note(void *context, const char *sentence) { terminal_say(context, "%s", sentence); }

static bool on_stop(void *context) {
    (void)context;
    atomic_store(&somebody_asks, true);
    return signal_seen != 0;
}

static bool on_stop_asking(void *context) {
    (void)context;
    return !terminal_stop_asking(NULL);
}

Observer terminal_observer(Terminal *terminal) {
    return (Observer){.context = terminal, .note = on_note, .progress = on_progress, .stop = on_stop, .stop_asking = on_stop_asking};
}

/* ---- standard output ---- */

static bool reader_left;

static bool fail_output(Error *err) {
    int reason = errno;
    if (reason == EPIPE) reader_left = true;
    return FAIL(err, ERROR_FAILED, "standard output: %s", strerror(reason));
}

/* Not stdio's buffer: what could not be written must not be tried again when the process ends. */
static char waiting[1 << 16];
static size_t waiting_size;

bool output_flush(Error *err) {
    size_t size = waiting_size;
    waiting_size = 0;
    return bytes_write(STDOUT_FILENO, waiting, size) || fail_output(err);
}

bool output_add(const Buffer *text, Error *err) {
    if (!buffer_ok(text, err)) return false;
    if (text->size > sizeof waiting - waiting_size && !output_flush(err)) return false;
    if (text->size > sizeof waiting) return bytes_write(STDOUT_FILENO, text->data, text->size) || fail_output(err);
    if (text->size) memcpy(waiting + waiting_size, text->data, text->size);
    waiting_size += text->size;
    return true;
}

bool output_add_data(const Buffer *text, Error *err) {
    if (!buffer_ok(text, err) || !text->size || !isatty(STDOUT_FILENO)) return output_add(text, err);
    Buffer shown = {0};
    for (const char *at = text->data, *end = at + text->size; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *line_end = newline ? newline : end;
        escape_terminal_json(&shown, at, (size_t)(line_end - at));
        if (newline) buffer_add(&shown, "\n", 1);
        at = line_end + (newline != NULL);
    }
    bool added = output_add(&shown, err);
    buffer_free(&shown);
    return added;
}

bool output_printf(Error *err, const char *format, ...) {
    Buffer text = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    bool added = output_add(&text, err);
    buffer_free(&text);
    return added;
}

bool output_reader_left(void) { return reader_left; }

const char *output_bold(void) { return may_colour(STDOUT_FILENO) ? "\033[1m" : ""; }
const char *output_plain(void) { return may_colour(STDOUT_FILENO) ? "\033[0m" : ""; }
