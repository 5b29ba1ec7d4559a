/* What a person sees while it works: on a terminal of a known width, on a dumb one, in a pipe. Each case is a child whose standard error is a
 * pseudo-terminal (or a pipe) of the test's. */
#include "tests/check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/terminal.h"

typedef void (*Case)(Terminal *terminal);

typedef struct Seen {
    char text[1 << 16];
    int status; /* of the child: exit status, or 128 + the signal */
} Seen;

static void wait_ms(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0) continue;
}

static int open_terminal(int columns, int *master) {
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    int slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    return slave;
}

static void run_child(int stream, const char *term, bool quiet, Case act) {
    dup2(stream, STDERR_FILENO);
    dup2(stream, STDOUT_FILENO);
    setenv("TERM", term, 1);
    Terminal terminal;
    terminal_prepare();
    terminal_start(&terminal, quiet);
    act(&terminal);
    exit(0); /* not _exit: what counts the lines that ran writes then */
}

/* columns 0: a pipe */
static Seen see(int columns, const char *term, bool quiet, Case act) {
    Seen seen = {.status = -1};
    int ends[2];
    if (columns)
        ends[1] = open_terminal(columns, &ends[0]);
    else
        assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) run_child(ends[1], term, quiet, act);
    close(ends[1]);
    size_t used = 0;
    for (ssize_t got; used < sizeof seen.text - 1 && (got = read(ends[0], seen.text + used, sizeof seen.text - 1 - used)) > 0;) used += (size_t)got;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    seen.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return seen;
}

static void check_sees(const Seen *seen, const char *part) {
    if (!strstr(seen->text, part)) fail_msg("'%s' is not in '%s'", part, seen->text);
}

static void check_sees_not(const Seen *seen, const char *part) {
    if (strstr(seen->text, part)) fail_msg("'%s' is in '%s'", part, seen->text);
}

/* ---- progress ---- */

static void work_a_while(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    observer.progress(observer.context, "features", 0, 2000, "texts", "");
    for (int step = 1; step <= 14; step++) {
        wait_ms(110);
        observer.progress(observer.context, "features", step * 100, 2000, "texts", "");
    }
    observer.note(observer.context, "a note between");
    observer.progress(observer.context, "features", 2000, 2000, "texts", "21,340 tokens/s");
}

static void a_bar_grows_and_goes(void **state) {
    (void)state;
    Seen seen = see(100, "xterm", false, work_a_while);
    assert_int_equal(seen.status, 0);
    check_sees(&seen, "\rfeatures       ");
    check_sees(&seen, "█");
    check_sees(&seen, "░");
    check_sees(&seen, "/2,000 texts");
    check_sees(&seen, " texts/s  0:");
    check_sees(&seen, " left\033[K");
    check_sees(&seen, "\r\033[Ka note between\r\n"); /* the bar is taken away first */
    check_sees(&seen, "features       2,000 texts in ");
    check_sees(&seen, "21,340 tokens/s\r\n");
}

/* Columns between line starts; the escapes at their ends take none. */
static void a_narrow_terminal_gets_no_bar_and_no_second_line(void **state) {
    (void)state;
    Seen seen = see(40, "xterm", false, work_a_while);
    assert_int_equal(seen.status, 0);
    check_sees_not(&seen, "█");
    for (const char *at = strstr(seen.text, "\rfeatures"); at; at = strstr(at + 1, "\rfeatures")) {
        const char *end = strstr(at, "\033[K");
        if (end) assert_true(end - at - 1 < 40);
    }
}

static void a_dumb_terminal_and_a_pipe_get_lines(void **state) {
    (void)state;
    Seen dumb = see(100, "dumb", false, work_a_while), piped = see(0, "xterm", false, work_a_while);
    const char *line = strstr(dumb.text, "00/2,000 texts\r\n"); /* the first after 0.3 s, the next would come after 10 s */
    assert_non_null(line);
    assert_null(strstr(line + strlen("00/2,000"), "/2,000 texts"));
    check_sees(&piped, "a note between\n");
    check_sees(&piped, "features       2,000 texts in ");
    check_sees_not(&dumb, "\033");
    check_sees_not(&piped, "\033");
    check_sees_not(&piped, "\r");
}

static void quiet_is_quiet(void **state) {
    (void)state;
    Seen seen = see(100, "xterm", true, work_a_while);
    assert_string_equal(seen.text, "");
}

static void count_without_a_total(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    observer.progress(observer.context, "reading", 0, 0, "MB", "");
    wait_ms(1100);
    observer.progress(observer.context, "reading", 1, 0, "MB", "");
    observer.progress(observer.context, "reading", 2, 0, "MB", ""); /* at once: not drawn */
    wait_ms(350);
    observer.progress(observer.context, "reading", 3, 0, "MB", "loss 0.8");
    terminal_clear(terminal);
}

static void an_unknown_end_is_counted_and_slow_work_has_decimals(void **state) {
    (void)state;
    Seen seen = see(100, "xterm", false, count_without_a_total);
    check_sees(&seen, "reading        1 MB");
    check_sees(&seen, " MB/s");
    check_sees(&seen, "3 MB  loss 0.8\033[K");
    check_sees_not(&seen, "left");
    assert_true(strlen(seen.text) > 4 && strcmp(seen.text + strlen(seen.text) - 4, "\r\033[K") == 0);
}

static void work_of_hours(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    observer.progress(observer.context, "train", 0, 1000000, "steps", "");
    wait_ms(1200);
    observer.progress(observer.context, "train", 50, 1000000, "steps", "");
    wait_ms(150);
    observer.progress(observer.context, "train", 51, INT64_MAX, "steps", "");
}

static void hours_are_said_as_hours(void **state) {
    (void)state;
    Seen seen = see(120, "xterm", false, work_of_hours);
    const char *left = strstr(seen.text, " left");
    assert_non_null(left);
    assert_true(left - seen.text > 7 && left[-3] == ':' && left[-6] == ':'); /* 6:23:45 */
    check_sees(&seen, "720:00:00 left"); /* thirty days at most */
}

/* ---- sentences ---- */

static void say_hostile(Terminal *terminal) {
    terminal_say(terminal, "a \x1b[2J\x07 label\nof two lines");
    terminal_error(terminal, "no flag --\x1b[31mx");
}

static void what_is_said_is_made_harmless(void **state) {
    (void)state;
    Seen seen = see(100, "xterm", false, say_hostile);
    check_sees(&seen, "\033[31mtwofold:\033[0m no flag --");
    check_sees_not(&seen, "\x1b[2J");
    check_sees_not(&seen, "\x07");
    check_sees_not(&seen, "--\x1b[31m");
    setenv("NO_COLOR", "1", 1);
    seen = see(100, "xterm", false, say_hostile);
    unsetenv("NO_COLOR");
    check_sees_not(&seen, "\x1b[");
}

static void say_widths(Terminal *terminal) {
    terminal_say(terminal, "%d %s", terminal_columns(STDERR_FILENO), *output_bold() ? "bold" : "plain");
}

static void the_width_is_the_terminals(void **state) {
    (void)state;
    Seen seen = see(77, "xterm", false, say_widths);
    check_sees(&seen, "77 bold");
    seen = see(10, "dumb", false, say_widths);
    check_sees(&seen, "40 plain");
    unsetenv("COLUMNS");
    seen = see(0, "xterm", false, say_widths);
    check_sees(&seen, "100 plain");
    setenv("COLUMNS", "66", 1);
    seen = see(0, "xterm", false, say_widths);
    unsetenv("COLUMNS");
    check_sees(&seen, "66 plain");
}

/* ---- signals ---- */

static void be_interrupted_once(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    assert_false(observer.stop(observer.context));
    (void)raise(SIGINT);
    terminal_say(terminal, "%s %d", observer.stop(observer.context) ? "stops" : "goes on", terminal_signal());
}

static void be_interrupted_twice(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    (void)observer.stop(observer.context);
    (void)raise(SIGTERM);
    (void)raise(SIGINT);
}

static void the_first_signal_asks_and_the_second_ends(void **state) {
    (void)state;
    Seen seen = see(0, "xterm", false, be_interrupted_once);
    check_sees(&seen, "twofold: stopping after this step … (again to leave at once)\nstops 2");
    assert_int_equal(seen.status, 0);
    seen = see(0, "xterm", false, be_interrupted_twice);
    assert_int_equal(seen.status, 128 + SIGINT);
}

static void be_interrupted_unasked(Terminal *terminal) {
    (void)terminal;
    (void)raise(SIGTERM);
    terminal_say(terminal, "goes on");
}

/* Asked once, and then no more: a signal that came in time is found, a later one ends it. */
static void be_interrupted_after_the_last_question(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    Error err = {0};
    (void)observer.stop(observer.context);
    CHECK_OK(terminal_stop_asking(&err), &err);
    (void)raise(SIGINT);
    terminal_say(terminal, "goes on");
}

/* The same by way of the observer, as a library that cannot be asked has it; and asked again behind it. */
static void be_interrupted_in_a_solver(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    (void)observer_stop(&observer);
    assert_false(observer_stop_asking(&observer));
    (void)raise(SIGTERM);
    terminal_say(terminal, "goes on");
}

static void be_interrupted_behind_a_solver(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    (void)observer_stop(&observer);
    assert_false(observer_stop_asking(&observer));
    (void)observer_stop(&observer);
    (void)raise(SIGTERM);
    terminal_say(terminal, "%s", observer_stop_asking(&observer) ? "heard" : "not heard");
}

static void be_interrupted_before_the_last_question(Terminal *terminal) {
    Observer observer = terminal_observer(terminal);
    Error err = {0};
    (void)observer.stop(observer.context);
    (void)raise(SIGINT);
    CHECK_FAILS(terminal_stop_asking(&err), &err, ERROR_INTERRUPTED, "stopped");
    terminal_say(terminal, "found");
}

static void a_signal_that_nobody_would_hear_ends_at_once(void **state) {
    (void)state;
    Seen seen = see(0, "xterm", false, be_interrupted_unasked);
    assert_string_equal(seen.text, "");
    assert_int_equal(seen.status, 128 + SIGTERM);
    seen = see(0, "xterm", false, be_interrupted_after_the_last_question);
    assert_string_equal(seen.text, "");
    assert_int_equal(seen.status, 128 + SIGINT);
    seen = see(0, "xterm", false, be_interrupted_in_a_solver);
    assert_string_equal(seen.text, "");
    assert_int_equal(seen.status, 128 + SIGTERM);
    seen = see(0, "xterm", false, be_interrupted_behind_a_solver);
    check_sees(&seen, "\nheard");
    seen = see(0, "xterm", false, be_interrupted_before_the_last_question);
    check_sees(&seen, "found");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_grows_and_goes),
        cmocka_unit_test(a_narrow_terminal_gets_no_bar_and_no_second_line),
        cmocka_unit_test(a_dumb_terminal_and_a_pipe_get_lines),
        cmocka_unit_test(quiet_is_quiet),
        cmocka_unit_test(an_unknown_end_is_counted_and_slow_work_has_decimals),
        cmocka_unit_test(hours_are_said_as_hours),
        cmocka_unit_test(what_is_said_is_made_harmless),
        cmocka_unit_test(the_width_is_the_terminals),
        cmocka_unit_test(the_first_signal_asks_and_the_second_ends),
        cmocka_unit_test(a_signal_that_nobody_would_hear_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
