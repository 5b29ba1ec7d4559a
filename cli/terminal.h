/* What the person at the terminal sees: the log and the progress on stderr, the results on stdout, and how they stop it.
 *
 * On a terminal a task has one line that is drawn over: a bar, a rate and the time left. Into a file or a pipe it has a line when
 * it has started, one every ten seconds, and one when it ends; what is over at once has the last only. --quiet leaves errors
 * only. NO_COLOR and TERM=dumb are heeded. */
#ifndef TWOFOLD_CLI_TERMINAL_H
#define TWOFOLD_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/memory.h"
#include "common/observer.h"

typedef struct Terminal {
    bool bars;   /* stderr is a terminal that can draw over a line */
    bool colour; /* on stderr */
    bool quiet;
    char task[96]; /* in progress, or "" */
    double started_s, drawn_s;
    int64_t first_done, last_done; /* of the task: where it began (a resumed one not at 0), and now */
} Terminal;

/* First thing in main: broken pipes and file-size limits become write errors, SIGINT and SIGTERM what terminal_signal says, closed standard streams /dev/null. */
void terminal_prepare(void);
void terminal_start(Terminal *terminal, bool quiet);
/* Borrows the terminal. Progress is reported by one thread at a time. */
Observer terminal_observer(Terminal *terminal);

/* A line of the log on stderr, above the bar. Control characters in it are shown, not obeyed. */
void terminal_say(Terminal *terminal, const char *format, ...) PRINTF_LIKE(2, 3);
/* "twofold: sentence", also when quiet. */
void terminal_error(Terminal *terminal, const char *sentence);
/* The bar of an unfinished task goes. */
void terminal_clear(Terminal *terminal);

/* Columns to wrap text for: the terminal's behind that stream (1 stdout, 2 stderr), else $COLUMNS, else 100. */
int terminal_columns(int stream);

/* The signal that asked to stop (SIGINT or SIGTERM), or 0. A second one leaves at once, with status 130 or 143. So does the first where nobody has
 * called the observer's stop yet: there is nothing to save, and nobody would hear. */
int terminal_signal(void);
/* Nobody asks for a while, for there are no steps to ask between, or a file is read that may keep one waiting: until the next question the first
 * signal leaves at once again. ERROR_INTERRUPTED when one has come. */
MUST_CHECK bool terminal_stop_asking(Error *err);

/* Standard output is data: a failed write is a failure of the program (ERROR_FAILED), but for a reader that left (`| head`),
 * which has what it wanted: output_reader_left says so, and the program ends quietly with status 0. */
MUST_CHECK bool output_add(const Buffer *text, Error *err);
/* What holds texts or labels of users as they are, for programs to read (JSON, CSV). A person at a terminal sees the control characters in it but line ends
 * escaped, as in what is printed for people. */
MUST_CHECK bool output_add_data(const Buffer *text, Error *err);
MUST_CHECK bool output_printf(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* What was added is with the reader. Called after each line of a stream, and by main at the end. */
MUST_CHECK bool output_flush(Error *err);
bool output_reader_left(void);

/* Escape sequences for bold on standard output and for nothing else; "" where they would be in the way. */
const char *output_bold(void);
const char *output_plain(void);

#endif
