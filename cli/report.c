/* twofold report: finished comparisons rendered again, or several of the same rows as one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/describe.h"
#include "cli/recalled.h"
#include "cli/steps.h"
#include "common/clock.h"
#include "common/file.h"
#include "compare/environment.h"
#include "compare/recall.h"
#include "compare/report_runs.h"

enum { PROCESSOR_MOST = 128 };

/* ---- the limits ---- */

static bool is_limit(const Option *row) { return strcmp(row->group, "recommendation") == 0; }

static double recorded_limit(const Runs *runs, int run, const Option *row) {
    const Json *limits = json_get(json_get(runs->records[run], "recommendation"), "limits");
    return json_number_or(json_get(limits, row->name), 0);
}

static void limit_text(char out[32], double limit) {
    if (limit > 0)
        number_text(out, limit);
    else
        (void)snprintf(out, 32, "none");
}

/* One report has one limit: where the runs had different ones, only the user can say which. */
static bool check_limits(const Run *run, const Runs *runs, Error *err) {
    const OptionTable *table = settings_table();
    for (int i = 0; i < table->count; i++) {
        const Option *row = &table->rows[i];
        if (!is_limit(row) || !(row->commands >> COMMAND_REPORT & 1u) || run->options.given[i]) continue;
        for (int r = 1; r < runs->count; r++) {
            char first[32], other[32];
            if (recorded_limit(runs, r, row) == recorded_limit(runs, 0, row)) continue;
            limit_text(first, recorded_limit(runs, 0, row));
            limit_text(other, recorded_limit(runs, r, row));
            return FAIL(err, ERROR_USAGE, "--%s was %s in %s and %s in %s: give report the --%s that holds for all", row->name, first,
                        runs->folders[0], other, runs->folders[r], row->name);
        }
    }
    return true;
}

/* ---- the settings ---- */

/* Flags that report takes too replace what the run was told: where the data is, and the limits. */
static bool take_over(Settings *settings, Options *options, const Run *run, bool limits) {
    const OptionTable *table = settings_table();
    bool any = false;
    for (int i = 0; i < table->count; i++) {
        const Option *row = &table->rows[i];
        if (!run->options.given[i] || is_limit(row) != limits || !(limits || row->commands >> COMMAND_COMPARE & 1u)) continue;
        memcpy((char *)settings + row->offset, (const char *)&run->settings + row->offset, row->size);
        any = true;
        if (limits) options->given[options_find(table, COMMAND_COMPARE, row->name) - table->rows] = true;
    }
    return any;
}

static bool names_data(const Run *run) {
    return options_given(&run->options, "data") || options_given(&run->options, "train_file") ||
           options_given(&run->options, "validation_file") || options_given(&run->options, "test_file");
}

/* The command line of this report: that of its one run, with the limits that were given in place of its own, or of several the call of report. */
static void make_command(Buffer *out, const Runs *runs, const Options *options, const Settings *settings, bool limits) {
    if (runs->count > 1) {
        buffer_text(out, "twofold report");
        for (int i = 0; i < runs->count; i++) {
            buffer_text(out, " ");
            command_add_word(out, runs->folders[i]);
        }
        if (!limits) buffer_text(out, " --output_dir DIR");
    } else if (limits)
        buffer_text(out, "twofold compare");
    else
        buffer_text(out, json_string_or(json_get(runs->records[0], "command"), ""));
    if (limits) command_add_flags(out, options, settings);
}

/* Those of the first run, and what report is told itself. */
static bool restore_settings(Settings *settings, Options *options, char **text, Buffer *command, const Runs *runs, const Run *run, Error *err) {
    if (!check_limits(run, runs, err) || !runs_settings(settings, options, text, runs, err)) return false;
    if (runs->count > 1) memset(options->given, 0, sizeof options->given); /* the command of several has only what is given here */
    make_command(command, runs, options, settings, take_over(settings, options, run, true));
    if (names_data(run)) {
        DataOptions *data = &settings->data;
        data->data = data->train_file = data->validation_file = data->test_file = NULL;
    }
    (void)take_over(settings, options, run, false);
    settings_spread_seed(settings);
    return buffer_ok(command, err);
}

/* ---- the report ---- */

static bool check_rows(const Dataset *dataset, const Runs *runs, Error *err) {
    Sha256Hex now = dataset_sha256(dataset);
    if (strcmp(now.text, runs_rows(runs->records[0])) == 0) return true;
    return FAIL(err, ERROR_DATA,
                "the rows are not those of %s any more (sha256 %.8s…, they were %.8s…): the data or its split has changed",
                runs->folders[0], now.text, runs_rows(runs->records[0]));
}

static void say_machines(Run *run, const SourceRun *sources, int count) {
    Buffer sentence = {0};
    runs_say_machines(&sentence, sources, count);
    if (sentence.size && !sentence.failed) terminal_say(&run->terminal, "          ! %s", sentence.data);
    buffer_free(&sentence);
}

/* Whether a run has it: itself, or where it is a report of several, one of these. */
static bool has_part(const Json *record, const Json *own, const char *of_runs) {
    bool has = !json_is_null(own);
    const Json *runs = json_get(record, "runs");
    for (const Json *run = json_first(runs); run; run = json_next(run)) has |= json_bool_or(json_get(run, of_runs), false);
    return has;
}

static void read_sources(SourceRun *sources, char processors[][PROCESSOR_MOST], const Runs *runs, const Recalled *recalled) {
    for (int i = 0; i < runs->count; i++) {
        const Json *record = runs->records[i];
        SourceRun *source = &sources[i];
        processors[i][0] = '\0';
        if (runs->count > 1) environment_recorded_processor(processors[i], runs->folders[i]);
        *source = (SourceRun){.folder = runs->folders[i],
                              .command = json_string_or(json_get(record, "command"), ""),
                              .dtype = json_string_or(json_get(record, "dtype"), ""),
                              .processor = processors[i],
                              .seed = json_int_or(json_get(record, "seed"), 0),
                              .names = recalled->own[i]};
        recall_model_facts(&source->model, json_get(record, "model"));
        source->has[RUN_TUNING] = has_part(record, json_get(record, "tuning"), "tuned");
        source->has[RUN_CURVE] = has_part(record, json_get(record, "learning_curve"), "learning_curve");
        const Json *errors = json_get(json_get(json_get(record, "data"), "audit"), "label_errors");
        int64_t doubted = json_int_or(json_get(errors, "count"), -1);
        source->doubted = doubted >= 0 && doubted <= INT32_MAX ? (int)doubted : -1;
        source->has[RUN_LABELS] = has_part(record, errors, "label_errors");
        source->has[RUN_MAPS] = has_part(record, json_get(record, "maps"), "maps");
    }
}

/* Of one run its own env.json goes with the report; of several there is none, since each has its own. */
static bool carry_environment(const Runs *runs, const char *folder, Error *err) {
    Path from, to;
    if (runs->count > 1) return true;
    if (!path_make(&from, err, "%s/env.json", runs->folders[0]) || !path_make(&to, err, "%s/env.json", folder)) return false;
    return strcmp(runs->folders[0], folder) == 0 || !file_exists(from.text) || file_link_or_copy(from.text, to.text, err);
}

static Dtype recorded_dtype(const Runs *runs) {
    Dtype dtype = dtype_find(json_string_or(json_get(runs->records[0], "dtype"), ""));
    return dtype < DTYPES ? dtype : DTYPE_FLOAT32;
}

static bool render(Run *run, const Runs *runs, const Recalled *recalled, const Settings *settings, const char *command,
                   const Dataset *dataset, Error *err) {
    Comparison comparison = {0};
    SourceRun sources[MOST_RUNS];
    char processors[MOST_RUNS][PROCESSOR_MOST];
    read_sources(sources, processors, runs, recalled);
    say_machines(run, sources, runs->count);
    CompareInput input = {.dataset = dataset,
                          .data = json_string_or(json_get(json_get(runs->records[0], "data"), "path"), NULL),
                          .seed = settings->seed,
                          .prices = settings->prices,
                          .limits = settings->limits,
                          .dtype = recorded_dtype(runs),
                          .cascade_loss = settings->cascade_loss,
                          .entries = recalled->specs,
                          .entry_count = recalled->count,
                          .output_dir = run->settings.output_dir,
                          .overwrite = run->settings.overwrite_output_dir,
                          .command = command,
                          .pool = run_pool(run, err),
                          .recorded = recalled->recorded,
                          .failures = recalled->failures,
                          .runs = sources,
                          .run_count = runs->count};
    bool ok = compare_identify(&input, err) && input.pool && carry_environment(runs, input.output_dir, err) &&
              compare_run(&comparison, &input, compare_say_entry, run, &run->observer, err) &&
              compare_print(run, &comparison, err);
    comparison_free(&comparison);
    return ok;
}

bool command_report(Run *run, Error *err) {
    Runs runs = {.count = 0};
    Settings settings;
    Options options = {0};
    Buffer command = {0};
    char *text = NULL;
    Dataset dataset = {0};
    Recalled *recalled = calloc(1, sizeof *recalled);
    bool ok = recalled || FAIL(err, ERROR_FAILED, "out of memory");
    ok = ok && runs_read(&runs, &run->options.arguments, err) && recalled_read(recalled, &runs, err) &&
         restore_settings(&settings, &options, &text, &command, &runs, run, err);
    if (ok && !run->settings.output_dir) {
        if (runs.count == 1)
            run->settings.output_dir = runs.folders[0];
        else
            ok = FAIL(err, ERROR_USAGE, "%d runs need --output_dir, the folder for what they make together", runs.count);
    }
    if (ok) {
        run->settings.data = settings.data;
        ok = step_read_data(run, &dataset, DATA_FOR_TRAINING, err) && check_rows(&dataset, &runs, err) &&
             step_make_output(run, "compare.json", err);
    }
    ok = ok && render(run, &runs, recalled, &settings, command.data, &dataset, err);
    dataset_free(&dataset);
    options_free(&options);
    free(text);
    buffer_free(&command);
    runs_free(&runs);
    if (recalled) recalled_free(recalled);
    free(recalled);
    return ok;
}
