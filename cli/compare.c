/* twofold compare, the main job: both paths and their baselines on the same rows, a table, a verdict, and a report. */
#include "compare/compare.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/describe.h"
#include "cli/entries.h"
#include "cli/steps.h"
#include "common/available.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/utf8.h"
#include "compare/curve.h"

/* ---- what is said ---- */

void command_add_word(Buffer *out, const char *text) {
    bool plain = *text != '\0';
    for (const char *c = text; *c && plain; c++) plain = isalnum((unsigned char)*c) || strchr("-_./:,=+@%", *c) != NULL;
    if (plain) {
        buffer_text(out, text);
        return;
    }
    buffer_text(out, "'");
    for (const char *c = text; *c; c++)
        if (*c == '\'')
            buffer_text(out, "'\\''");
        else
            buffer_add(out, c, 1);
    buffer_text(out, "'");
}

void command_add_flags(Buffer *out, const Options *options, const void *settings) {
    for (int i = 0; i < options->table->count; i++) {
        const Option *row = &options->table->rows[i];
        if (!options->given[i] || !(row->commands >> options->command & 1u) || strcmp(row->group, "running") == 0 ||
            strcmp(row->group, "output") == 0)
            continue;
        if (row->kind == OPTION_EACH) {
            const TextList *list = (const TextList *)(const void *)((const char *)settings + row->offset);
            for (int k = 0; k < list->count; k++) {
                buffer_printf(out, " --%s ", row->name);
                command_add_word(out, list->items[k]);
            }
            continue;
        }
        Buffer value = {0};
        option_value_text(&value, row, settings);
        buffer_printf(out, " --%s ", row->name);
        command_add_word(out, value.data ? value.data : "");
        buffer_free(&value);
    }
    buffer_text(out, " --output_dir DIR");
}

/* "87 MB", "1.1 GB" */
static void add_size(Buffer *out, double mb, const char *of) {
    if (mb >= 1) buffer_printf(out, mb < 999.5 ? ", %.0f MB %s" : ", %.1f GB %s", mb < 999.5 ? mb : mb / 1e3, of);
}

/* A run that will not fit ends before it begins. Entries run one after the other. */
static bool check_memory(const Entries *entries, const EntryEstimate *estimates, Error *err) {
    for (int i = 0; i < entries->count; i++) {
        char advice[160];
        (void)snprintf(advice, sizeof advice, "--entries chooses which run%s",
                       entries->specs[i].kind == ENTRY_FINETUNE ? ", and a smaller model or --freeze_layers needs less" : "");
        if (!memory_check(entries->specs[i].name, estimates[i].memory_mb, advice, err)) return false;
    }
    return true;
}

static void say_plan(Run *run, const Entries *entries, const EntryEstimate *estimates, const StepsEstimate *steps) {
    Buffer line = {0};
    char time[32];
    double total = 0;
    int recorded = 0;
    if (steps->tuning_s >= 1) {
        duration_text(time, steps->tuning_s);
        buffer_printf(&line, "tuning %s · ", time);
        total += steps->tuning_s;
    }
    for (int i = 0; i < entries->count; i++) {
        const EntryEstimate *e = &estimates[i];
        recorded += e->recorded;
        duration_text(time, e->seconds);
        buffer_printf(&line, "%s%s %s", i ? " · " : "", entries->specs[i].name,
                      e->recorded      ? "recorded"
                      : e->seconds < 1 ? "<1 s"
                                       : time);
        add_size(&line, e->memory_mb, "memory");
        add_size(&line, e->disk_mb, "disk");
        if (!isnan(e->seconds)) total += e->seconds;
    }
    if (steps->curve_s >= 1) {
        duration_text(time, steps->curve_s);
        buffer_printf(&line, " · learning curve %s", time);
        total += steps->curve_s;
    }
    duration_text(time, total);
    if (recorded == entries->count && total < 1)
        buffer_text(&line, "   nothing to train");
    else
        buffer_printf(&line, "   about %s in all", total < 1 ? "a second" : time);
    if (line.data) terminal_say(&run->terminal, "plan      %s", line.data);
    terminal_say(&run->terminal, "%s", "");
    buffer_free(&line);
}

/* "11 test and 5 validation texts also stand in train" */
static void say_leaks(Run *run, const Audit *audit) {
    char rows[32];
    Buffer line = {0};
    const Split splits[] = {SPLIT_TEST, SPLIT_VALIDATION};
    int said = 0, last = 0, otherwise = 0;
    for (int i = 0; i < 2; i++) {
        int count = audit->leaks[splits[i]][SPLIT_TRAIN];
        otherwise += audit->leaks_otherwise[splits[i]][SPLIT_TRAIN];
        if (!count) continue;
        count_text(rows, count);
        buffer_printf(&line, "%s%s %s", said++ ? " and " : "", rows, split_name(splits[i]));
        last = said > 1 ? 2 : count;
    }
    if (!said) return;
    buffer_printf(&line, " text%s also in train", last == 1 ? " stands" : "s stand");
    if (otherwise) buffer_printf(&line, ", %d with another label", otherwise);
    const char *drop = run->settings.data.drop_leaks;
    bool dropped = drop && strcmp(drop, "train") == 0;
    if (line.data)
        terminal_say(&run->terminal, "          ! %s (audit.csv)%s", line.data,
                     dropped ? "" : "; --drop_leaks train leaves them out of train");
    buffer_free(&line);
}

static void say_audit(Run *run, const Dataset *dataset) {
    Audit audit = {0};
    if (audit_run(&audit, dataset, NULL)) {
        char repeated[32], conflicts[32];
        say_leaks(run, &audit);
        count_text(repeated, audit.duplicates[SPLIT_TRAIN]);
        count_text(conflicts, audit.conflict_texts);
        if (audit.duplicates[SPLIT_TRAIN])
            terminal_say(&run->terminal, "          ! %s training row%s an earlier text; %s text%s several labels", repeated,
                         audit.duplicates[SPLIT_TRAIN] == 1 ? " repeats" : "s repeat", conflicts,
                         audit.conflict_texts == 1 ? " has" : "s have");
    }
    audit_free(&audit);
}

void compare_say_entry(void *context, const EntryResult *entry) {
    Run *run = context;
    if (entry->status == ENTRY_FAILED)
        terminal_say(&run->terminal, "%-14s failed    %s", entry->name, entry->failure.message);
    else
        terminal_say(&run->terminal, "%-14s %s  %s", entry->name, entry->reused ? "recorded" : "done    ", entry->how);
    if (entry->status == ENTRY_DONE && entry->warning[0]) terminal_say(&run->terminal, "               ! %s", entry->warning);
}

/* ---- the table ---- */

static void add_number(Buffer *out, double value, int width, int digits) {
    if (isnan(value))
        buffer_printf(out, "%*s", width, "-");
    else
        buffer_printf(out, "%*.*f", width, digits, value);
}

static void add_row(Buffer *out, const EntryResult *entry, int name_width) {
    buffer_printf(out, "%-*s", name_width, entry->name);
    if (entry->status == ENTRY_FAILED) {
        buffer_printf(out, "  failed: %s\n", entry->failure.message);
        return;
    }
    const Scores *test = &entry->scores[SPLIT_TEST];
    Interval interval = entry_accuracy_interval(entry, SPLIT_TEST);
    char train[32];
    duration_text(train, entry->costs.train_s);
    buffer_text(out, "  ");
    add_number(out, entry->scores[SPLIT_VALIDATION].accuracy, 10, 4);
    buffer_printf(out, "  %6.4f [%5.3f, %5.3f]  %8.4f  %12s", test->accuracy, interval.low, interval.high, test->f1_macro,
                  isnan(entry->costs.train_s) ? "-" : train);
    add_number(out, entry->costs.predict_ms_p50, 9, entry->costs.predict_ms_p50 < 0.1 ? 3 : 2);
    add_number(out, entry->costs.model_mb, 8, entry->costs.model_mb < 10 ? 1 : 0);
    buffer_text(out, "\n");
}

static void add_table(Buffer *out, const Comparison *c) {
    int width = 14;
    for (int i = 0; i < c->entry_count; i++)
        if ((int)strlen(c->entries[i].name) > width) width = (int)strlen(c->entries[i].name);
    buffer_printf(out, "%s%-*s  %10s  %-21s  %8s  %12s%9s%8s%s\n", output_bold(), width, "entry", "validation", "test accuracy",
                  "macro F1", "train", "ms/text", "MB", output_plain());
    buffer_printf(out, "%s%-*s  %10s  %-21s  %8s  %12s%9s%s\n", output_bold(), width, "", "accuracy", "[95 % interval]", "(test)",
                  "time", "p50", output_plain());
    for (int i = 0; i < c->entry_count; i++) add_row(out, &c->entries[i], width);
}

/* Words wrapped to the terminal, behind a heading of ten columns. */
static void add_wrapped(Buffer *out, const char *heading, const char *text, int columns) {
    int at = 10, width = columns < 40 ? 40 : columns;
    buffer_printf(out, "%-10s", heading);
    while (*text) {
        size_t size = strcspn(text, " ");
        int word = utf8_width(text, size);
        if (at > 10 && at + 1 + word > width) {
            buffer_printf(out, "\n%-10s", "");
            at = 10;
        } else if (at > 10) {
            buffer_text(out, " ");
            at++;
        }
        buffer_add(out, text, size);
        at += word;
        text += size + strspn(text + size, " ");
    }
    buffer_text(out, "\n");
}

/* The first of those that were written: it begins with the cheapest kind. */
static void add_cascade(Buffer *out, const Run *run, const Comparison *c, int columns) {
    const CascadeResult *cascade = NULL;
    for (int i = 0; i < c->cascade_count && !cascade; i++)
        if (c->cascades[i].saved) cascade = &c->cascades[i];
    if (!cascade) return;
    const char *first = c->entries[cascade->first].name, *second = c->entries[cascade->second].name;
    Buffer line = {0};
    buffer_printf(&line,
                  "%s answers %.0f %% of the test texts itself, %s the others: accuracy %.4f, against %.4f of %s alone "
                  "(%s/cascades/%s-%s/model)",
                  first, 100.0 * (double)(cascade->test.rows - cascade->test.passed) / (double)cascade->test.rows, second,
                  (double)cascade->test.right / (double)cascade->test.rows,
                  c->entries[cascade->second].scores[SPLIT_TEST].accuracy, second, run->settings.output_dir, first, second);
    add_wrapped(out, "cascade", line.data ? line.data : "", columns);
    buffer_free(&line);
}

static bool print_table(Run *run, const Comparison *c, Error *err) {
    Buffer out = {0};
    terminal_say(&run->terminal, "%s", "");
    add_table(&out, c);
    buffer_text(&out, "\n");
    int columns = terminal_columns(1);
    add_wrapped(&out, "verdict", c->recommendation.sentence.data ? c->recommendation.sentence.data : "", columns);
    if (c->recommendation.question.size) add_wrapped(&out, "", c->recommendation.question.data, columns);
    add_cascade(&out, run, c, columns);
    buffer_printf(&out, "report    %s/report.html\n", run->settings.output_dir);
    const Recommendation *r = &c->recommendation;
    int shown = r->deploy >= 0 ? r->deploy : r->verdict == VERDICT_UNDECIDED && r->leaning >= 0 ? r->leaning : -1;
    Path model;
    if (shown >= 0 && entry_model_folder(&model, c, &c->entries[shown]))
        buffer_printf(&out, "next      twofold predict --model %s --text \"…\"\n", model.text);
    bool printed = output_add(&out, err);
    buffer_free(&out);
    return printed;
}

static bool print_json(const Run *run, Error *err) {
    Path path;
    FileMap map = {0};
    if (!path_make(&path, err, "%s/compare.json", run->settings.output_dir) || !file_map(&map, path.text, ERROR_PATH, err))
        return false;
    Buffer out = {0};
    buffer_add(&out, map.data, map.size);
    bool printed = output_add_data(&out, err);
    buffer_free(&out);
    file_unmap(&map);
    return printed;
}

bool compare_print(Run *run, const Comparison *c, Error *err) {
    return run->settings.json ? print_json(run, err) : print_table(run, c, err);
}

/* ---- the command ---- */

/* A fine-tuning has said it itself, with the checkpoint. */
static void say_how_to_go_on(const Run *run, Error *err) {
    if (strstr(err->message, "goes on from there")) return;
    Error stopped = *err;
    *err = (Error){0};
    (void)error_set(err, stopped.kind, stopped.file, stopped.line,
                    "%s; finished entries stay in %s, and the same command goes on from there", stopped.message,
                    run->settings.output_dir);
}

static bool compare(Run *run, CompareInput *input, const Entries *entries, Error *err) {
    EntryEstimate estimates[MOST_ENTRIES];
    Comparison result = {0};
    Buffer command = {0}, options = {0};
    JsonWriter json = json_writer(&options, 0);
    buffer_printf(&command, "twofold %s", command_name(run->command));
    command_add_flags(&command, &run->options, &run->settings);
    json_begin_object(&json);
    options_write_json(&json, settings_table(), (int)run->command, &run->settings);
    json_end_object(&json);
    StepsEstimate steps;
    bool ok = buffer_ok(&command, err) && buffer_ok(&options, err) && compare_identify(input, err) &&
              compare_estimate(estimates, &steps, input, err);
    if (ok) {
        input->command = command.data;
        input->options_json = options.data;
        say_plan(run, entries, estimates, &steps);
        ok = check_memory(entries, estimates, err) && compare_run(&result, input, compare_say_entry, run, &run->observer, err) &&
             compare_print(run, &result, err);
    }
    if (!ok && err->kind == ERROR_INTERRUPTED) say_how_to_go_on(run, err);
    comparison_free(&result);
    buffer_free(&command);
    buffer_free(&options);
    return ok;
}

bool command_compare(Run *run, Error *err) {
    Dataset dataset = {0};
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    Entries entries = {.count = 0};
    CompareInput input = {.dataset = &dataset,
                          .data = run->settings.data.data ? run->settings.data.data : run->settings.data.train_file,
                          .seed = run->settings.seed,
                          .limits = run->settings.limits,
                          .label_folds = run->settings.label_folds,
                          .entries = entries.specs,
                          .prices = run->settings.prices,
                          .cascade_loss = run->settings.cascade_loss,
                          .output_dir = run->settings.output_dir,
                          .overwrite = run->settings.overwrite_output_dir,
                          .cache = step_cache(run),
                          .dtype = run->settings.dtype,
                          .maps = run->settings.maps ? &run->settings.map : NULL,
                          .pool = run_pool(run, err)};
    bool ok = input.pool && entries_choose(&entries, run, err);
    bool with_encoder = ok && entries_need_encoder(&entries);
    if (with_encoder && !run->settings.model)
        ok = FAIL(err, ERROR_USAGE,
                  "compare needs --model for its entries with an encoder; --entries dummy,tfidf-logreg runs without");
    input.model = run->settings.model;
    input.entry_count = entries.count;
    input.tune = run->settings.tune;
    input.learning_curve = run->settings.learning_curve;
    input.tune_budget_s = run->settings.tune_budget;
    input.tune_plan = run->settings.tune_plan;
    LearningCurve curve;
    ok = ok && (!run->settings.learning_curve || curve_shares(&curve, run->settings.learning_curve, err)) &&
         step_read_data(run, &dataset, DATA_FOR_TRAINING, err);
    ok = ok && entries_check(&entries, &dataset, input.pool, err);
    if (ok) say_audit(run, &dataset);
    if (ok && with_encoder) {
        ok = step_load_encoder(run, &encoder, err);
        double started_cpu_s = clock_cpu_s();
        ok = ok && step_encode(run, &encoder, &dataset, &tokens, &input.tokens_s, err);
        input.tokens_cpu_s = clock_cpu_s() - started_cpu_s;
        input.encoder = &encoder;
        input.tokens = &tokens;
    }
    if (ok) describe_machine(run);
    ok = ok && step_make_output(run, "env.json", err) && compare(run, &input, &entries, err);
    tokens_free(&tokens);
    text_encoder_free(&encoder);
    dataset_free(&dataset);
    return ok;
}
