/* What a command is given, and the table of commands.
 *
 *   bool command_features(Run *run, Error *err) {
 *       ...run->settings.data...                    what the flags said, over the defaults
 *       Pool *pool = run_pool(run, err);            threads, when first asked for
 *       dataset_load(&dataset, …, &run->observer, err)   notes and progress go to stderr
 *       if (options_given(&run->options, "C")) …    was it said, or is it the default
 *       output_printf(err, …)                       results go to stdout (cli/terminal.h)
 *   }
 *
 * A command returns false with `err` set; its kind is the exit status. It frees what it made, on every path. Before it runs, main
 * has parsed the flags and refused a command line without the flags that the table calls needed. */
#ifndef TWOFOLD_CLI_COMMAND_H
#define TWOFOLD_CLI_COMMAND_H

#include "cli/settings.h"
#include "cli/terminal.h"
#include "common/folder_lock.h"
#include "common/parallel.h"
#include "common/profile.h"

typedef struct Run {
    CommandId command;
    Settings settings;
    Options options;
    Terminal terminal;
    Observer observer; /* of the terminal */
    Pool *pool;        /* NULL until asked for with run_pool */
    Profile *profile;  /* with --profile, else NULL */
    char *const *words; /* (word_count): the command line, the program's name left out */
    int word_count;
    FolderLock lock; /* of --output_dir, from step_make_output until the end */
    bool silent;       /* no closing line with times */
} Run;

/* The pool of --num_threads threads, made at the first call and freed by main. */
MUST_CHECK Pool *run_pool(Run *run, Error *err);
int run_threads(const Run *run);
/* What the calling thread is doing now, for --profile; returns what it did before. */
ProfilePart run_enter(const Run *run, ProfilePart part);

enum { MOST_RUNS = 16 }; /* of report */

typedef struct Command {
    const char *summary;   /* one line of `twofold --help` */
    const char *arguments; /* what stands behind the flags in its usage, or NULL when it takes none */
    int arguments_most;    /* how many of these */
    const char *about;     /* a paragraph of `twofold COMMAND --help`, wrapped there: what it does, what comes out */
    const char *example;   /* one line that works */
    bool silent;           /* no closing line with times */
    bool (*run)(Run *run, Error *err);
} Command;

const Command *command_get(CommandId id);
const char *command_name(CommandId id);
/* COMMAND_COUNT when there is none of that name. */
CommandId command_find(const char *name);

bool command_explore(Run *run, Error *err);
bool command_tokenize(Run *run, Error *err);
bool command_features(Run *run, Error *err);
bool command_compare(Run *run, Error *err);
bool command_report(Run *run, Error *err);
bool command_train(Run *run, Error *err);
bool command_finetune(Run *run, Error *err);
bool command_evaluate(Run *run, Error *err);
bool command_predict(Run *run, Error *err);
bool command_convert(Run *run, Error *err);
bool command_quantize(Run *run, Error *err);
bool command_doctor(Run *run, Error *err);
bool command_help(Run *run, Error *err);

#endif
