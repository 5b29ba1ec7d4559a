/* From the command line to a command, and from its outcome to the exit status. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/profile_table.h"
#include "cli/restart.h"
#include "common/clock.h"
#include "encoder/sweep.h"

/* "twofold 0.1.0 · compare · 171.3 s wall, 334 s CPU, 1.2 GB peak" */
static void say_costs(Run *run, double started_s) {
    double wall = clock_wall_s() - started_s, cpu = clock_cpu_s(), peak = memory_peak_mb();
    bool is_large = peak >= 1000;
    terminal_say(&run->terminal, "twofold " TWOFOLD_VERSION " · %s · %.*f s wall, %.*f s CPU, %.*f %s peak",
                 command_name(run->command), wall < 1000 ? 1 : 0, wall, cpu < 100 ? 1 : 0, cpu, is_large ? 1 : 0,
                 is_large ? peak / 1000 : peak, is_large ? "GB" : "MB");
}

static void say_profile(Run *run) {
    Buffer table = {0};
    profile_stop(run->profile);
    profile_table(&table, run->profile);
    if (!table.failed) (void)fwrite(table.data, 1, table.size, stderr);
    buffer_free(&table);
}

static int exit_status(ErrorKind kind) {
    if (kind == ERROR_INTERRUPTED && terminal_signal()) return 128 + terminal_signal();
    return (int)kind;
}

static int finish(Run *run, bool ok, double started_s, Error *err) {
    terminal_clear(&run->terminal);
    ok = ok && output_flush(err);
    if (!ok && output_reader_left()) return 0;
    /* Whoever was told that the program is stopping is not told in the end that nothing was asked. */
    ok = ok && (terminal_stop_asking(NULL) || FAIL(err, ERROR_INTERRUPTED, "the signal came when nothing was left to stop: everything is done"));
    bool is_interrupted = !ok && err->kind == ERROR_INTERRUPTED;
    if (!ok) terminal_error(&run->terminal, err->message);
    if ((ok || is_interrupted) && run->profile) say_profile(run);
    if ((ok || is_interrupted) && !run->silent) say_costs(run, started_s);
    return ok ? 0 : exit_status(err->kind);
}

static bool asks_for_help(char *const *words, int count) {
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++)
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) return true;
    return false;
}

static bool check_arguments(const Run *run, Error *err) {
    const Command *command = command_get(run->command);
    int count = run->options.arguments.count;
    if (count <= command->arguments_most) return true;
    const char *first = run->options.arguments.items[command->arguments_most], *name = command_name(run->command);
    if (!command->arguments)
        return FAIL(err, ERROR_USAGE, "%s takes flags only, found '%s'   (twofold %s --help)", name, first, name);
    return FAIL(err, ERROR_USAGE, "%s takes %s, found '%s' besides   (twofold %s --help)", name, command->arguments, first, name);
}

static bool run_command(Run *run, char *const *words, int count, Error *err) {
    run->silent = command_get(run->command)->silent;
    if (asks_for_help(words, count)) {
        run->silent = true;
        Buffer text = {0};
        help_command(&text, run->command, terminal_columns(1));
        bool ok = output_add(&text, err);
        buffer_free(&text);
        return ok;
    }
    if (!options_parse(&run->options, settings_table(), (int)run->command, &run->settings, words, count, err)) return false;
    settings_spread_seed(&run->settings);
    sweep_set_token_budget(run->settings.max_batch_tokens);
    run->terminal.quiet = run->settings.quiet;
    if (run->settings.profile && !(run->profile = profile_new(run_threads(run), err))) return false;
    return check_arguments(run, err) && options_check_needed(&run->options, err) &&
           settings_choose_dtype(&run->settings, run->command, err) && command_get(run->command)->run(run, err);
}

static int print_overview(Run *run, FILE *stream, Error *err) {
    Buffer text = {0};
    help_overview(&text, terminal_columns(stream == stdout ? 1 : 2));
    bool ok = buffer_ok(&text, err);
    if (ok && stream == stdout) ok = output_add(&text, err);
    if (ok && stream == stderr) (void)fwrite(text.data, 1, text.size, stderr);
    buffer_free(&text);
    return finish(run, ok, 0, err);
}

int main(int count, char **words) {
    restart_for_blas(words);
    mem_give_back();
    double started_s = clock_wall_s();
    terminal_prepare();
    Error err = {0};
    Run run = {.command = COMMAND_HELP, .silent = true, .settings = settings_defaults()};
    terminal_start(&run.terminal, false);
    run.observer = terminal_observer(&run.terminal);
    if (count < 2) return print_overview(&run, stderr, &err) ? ERROR_FAILED : ERROR_USAGE;
    if (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0) return print_overview(&run, stdout, &err);
    if (strcmp(words[1], "--version") == 0) return finish(&run, output_printf(&err, "twofold " TWOFOLD_VERSION "\n"), 0, &err);
    CommandId id = command_find(words[1]);
    if (id == COMMAND_COUNT) return finish(&run, help_fail_unknown(words[1], &err), 0, &err);
    run.command = id;
    run.words = words + 1;
    run.word_count = count - 1;
    bool ok = run_command(&run, words + 2, count - 2, &err);
    folder_unlock(&run.lock, ok);
    pool_free(run.pool);
    int status = finish(&run, ok, started_s, &err);
    profile_free(run.profile);
    options_free(&run.options);
    return status;
}
