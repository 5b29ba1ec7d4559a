/* twofold report: finished comparisons rendered again, or several of the same rows as one. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/describe.h"
#include "cli/entries.h"
#include "cli/steps.h"
#include "common/file.h"

enum { MOST_WORDS = 256 };

/* The folders as given, and what compare.json says in each. */
typedef struct Runs {
    const char *folders[MOST_RUNS];
    Json *records[MOST_RUNS];
    int count;
} Runs;

/* The entries of all runs. */
typedef struct Recalled {
    EntrySpec specs[MOST_ENTRIES];
    Path folders[MOST_ENTRIES];
    const char *recorded[MOST_ENTRIES];
    char names[MOST_ENTRIES][64];
    Buffer keys[MOST_ENTRIES];
    int run[MOST_ENTRIES];
    int count;
} Recalled;

/* ---- the runs ---- */

static const char *rows_of(const Json *record) { return json_string_or(json_get(json_get(record, "data"), "sha256"), ""); }

static bool read_runs(Runs *runs, const Run *run, Error *err) {
    const TextList *folders = &run->options.arguments;
    if (!folders->count)
        return FAIL(err, ERROR_USAGE, "report needs the folder of a finished comparison   (twofold report --help)");
    for (int i = 0; i < folders->count; i++) {
        Path path;
        runs->folders[i] = folders->items[i];
        if (!path_make(&path, err, "%s/compare.json", folders->items[i])) return false;
        if (!file_exists(path.text))
            return FAIL(err, ERROR_PATH, "%s: no compare.json: not the folder of a finished comparison", folders->items[i]);
        runs->records[runs->count] = json_parse_file(path.text, ERROR_DATA, err);
        if (!runs->records[runs->count++]) return false;
        if (strcmp(rows_of(runs->records[i]), rows_of(runs->records[0])) != 0)
            return FAIL(err, ERROR_DATA, "%s: other rows than %s (sha256 %.8s… and %.8s…): only runs on the same rows compare",
                        runs->folders[i], runs->folders[0], rows_of(runs->records[i]), rows_of(runs->records[0]));
    }
    return true;
}

static void runs_free(Runs *runs) {
    for (int i = 0; i < runs->count; i++) json_free(runs->records[i]);
}

/* ---- the settings that a run was made with ---- */

/* The words of a command as a shell reads them: in single quotes, or \' between. `text` is overwritten. */
static int cut_words(char *text, char **words) {
    int count = 0;
    char *from = text, *to = text;
    while (*from && count < MOST_WORDS) {
        while (*from == ' ') from++;
        if (!*from) break;
        words[count++] = to;
        for (bool quoted = false; *from && (quoted || *from != ' '); from++) {
            if (*from == '\'')
                quoted = !quoted;
            else if (*from == '\\' && !quoted && from[1])
                *to++ = *++from;
            else
                *to++ = *from;
        }
        if (*from) from++;
        *to++ = '\0';
    }
    return count;
}

/* Flags that report takes too replace what the run was told: where the data is. */
static void take_over(Settings *settings, const Run *run) {
    const OptionTable *table = settings_table();
    for (int i = 0; i < table->count; i++) {
        const Option *row = &table->rows[i];
        if (!run->options.given[i] || !(row->commands >> COMMAND_COMPARE & 1u)) continue;
        memcpy((char *)settings + row->offset, (const char *)&run->settings + row->offset, row->size);
    }
}

static bool names_data(const Run *run) {
    return options_given(&run->options, "data") || options_given(&run->options, "train_file") ||
           options_given(&run->options, "validation_file") || options_given(&run->options, "test_file");
}

/* `command` and `options` own what the settings point to. */
static bool restore_settings(Settings *settings, Options *options, char **command, const Runs *runs, const Run *run, Error *err) {
    const char *recorded = json_string_or(json_get(runs->records[0], "command"), "");
    char *words[MOST_WORDS];
    *command = mem_copy_text(recorded, strlen(recorded), err);
    if (!*command) return false;
    int count = cut_words(*command, words);
    if (count < 2 || strcmp(words[1], "compare") != 0)
        return FAIL(err, ERROR_DATA, "%s: was made by '%.200s'; give report the runs that it was made of", runs->folders[0],
                    recorded);
    *settings = settings_defaults();
    if (!options_parse(options, settings_table(), COMMAND_COMPARE, settings, words + 2, count - 2, err))
        return error_prefix(err, "%s/compare.json: command", runs->folders[0]);
    if (names_data(run)) {
        DataOptions *data = &settings->data;
        data->data = data->train_file = data->validation_file = data->test_file = NULL;
    }
    take_over(settings, run);
    settings_spread_seed(settings);
    return true;
}

/* ---- the entries ---- */

/* "both" of "runs/both/", as part of a name */
static void base_name(char out[24], const char *folder) {
    size_t end = strlen(folder), begin;
    while (end > 1 && folder[end - 1] == '/') end--;
    for (begin = end; begin > 0 && folder[begin - 1] != '/';) begin--;
    (void)snprintf(out, 24, "%.*s", (int)(end - begin), folder + begin);
    for (char *c = out; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_') *c = '-';
    if (!isalnum((unsigned char)out[0])) out[0] = 'r';
}

static int find_name(const Recalled *recalled, const char *name) {
    int i = 0;
    while (i < recalled->count && strcmp(recalled->names[i], name) != 0) i++;
    return i;
}

/* An entry of a later run: by its own name when that is free, else behind the run's. */
static bool choose_name(Recalled *recalled, const Runs *runs, int run, const char *name, Error *err) {
    char *own = recalled->names[recalled->count], base[24];
    int written = snprintf(own, 64, "%s", name);
    base_name(base, runs->folders[run]);
    for (int number = 1; number <= MOST_RUNS; number++) {
        if (written >= 64) break;
        if (find_name(recalled, own) == recalled->count) return true;
        written = number == 1 ? snprintf(own, 64, "%s.%s", base, name) : snprintf(own, 64, "%s-%d.%s", base, number, name);
    }
    return FAIL(err, ERROR_DATA, "%s: no free name for entry '%s'", runs->folders[run], name);
}

/* Whether an earlier run has the very same: its name and its key. */
static bool is_known(const Recalled *recalled, const char *name, const Buffer *key) {
    int at = find_name(recalled, name);
    return at < recalled->count && key->data && recalled->keys[at].data && strcmp(key->data, recalled->keys[at].data) == 0;
}

static bool add_entry(Recalled *recalled, const Runs *runs, int run, const Json *entry, Error *err) {
    const char *name = json_string_or(json_get(entry, "name"), ""), *from = runs->folders[run];
    int at = recalled->count;
    if (strcmp(json_string_or(json_get(entry, "status"), ""), "done") != 0) return true;
    if (at == MOST_ENTRIES) return FAIL(err, ERROR_DATA, "more than %d entries", MOST_ENTRIES);
    EntrySpec *spec = &recalled->specs[at];
    *spec = (EntrySpec){.path = json_string_or(json_get(entry, "path"), NULL)};
    if (!*name || strchr(name, '/') || name[0] == '.' ||
        !entry_kind_find(json_string_or(json_get(entry, "kind"), ""), &spec->kind) ||
        !entry_source_find(json_string_or(json_get(entry, "source"), "trained"), &spec->source))
        return FAIL(err, ERROR_DATA, "%s/compare.json: entry '%s' is not one of this version of twofold", from, name);
    if (!path_make(&recalled->folders[at], err, "%s/%s", from, name)) return false;
    Buffer *key = &recalled->keys[at];
    buffer_free(key);
    entry_record_key(key, recalled->folders[at].text);
    if (!buffer_ok(key, err)) return false;
    if (run && is_known(recalled, name, key)) return true;
    if (!choose_name(recalled, runs, run, name, err)) return false;
    recalled->recorded[at] = recalled->folders[at].text;
    recalled->run[at] = run;
    spec->name = recalled->names[at];
    recalled->count++;
    return true;
}

static bool add_entries(Recalled *recalled, const Runs *runs, Error *err) {
    for (int run = 0; run < runs->count; run++) {
        const Json *entries = json_get(runs->records[run], "entries");
        for (const Json *entry = json_first(entries); entry; entry = json_next(entry))
            if (!add_entry(recalled, runs, run, entry, err)) return false;
    }
    if (!recalled->count) return FAIL(err, ERROR_DATA, "%s: no entry is done", runs->folders[0]);
    return true;
}

static void recalled_free(Recalled *recalled) {
    for (int i = 0; i < MOST_ENTRIES; i++) buffer_free(&recalled->keys[i]);
    free(recalled);
}

/* ---- the report ---- */

static bool check_rows(const Dataset *dataset, const Runs *runs, Error *err) {
    Sha256Hex now = dataset_sha256(dataset);
    if (strcmp(now.text, rows_of(runs->records[0])) == 0) return true;
    return FAIL(err, ERROR_DATA,
                "the rows are not those of %s any more (sha256 %.8s…, they were %.8s…): the data or its split has changed",
                runs->folders[0], now.text, rows_of(runs->records[0]));
}

static void say_machines(Run *run, const Runs *runs) {
    char first[128] = "";
    for (int i = 0; i < runs->count; i++) {
        Path path;
        Json *json = path_make(&path, NULL, "%s/env.json", runs->folders[i]) && file_exists(path.text)
                         ? json_parse_file(path.text, ERROR_DATA, NULL)
                         : NULL;
        const char *processor = json_string_or(json_get(json_get(json, "machine"), "processor"), "unknown");
        if (!i)
            (void)snprintf(first, sizeof first, "%s", processor);
        else if (strcmp(first, processor) != 0)
            terminal_say(&run->terminal, "          ! %s was measured on %.60s, %s on %.60s: their times do not compare",
                         runs->folders[0], first, runs->folders[i], processor);
        json_free(json);
    }
}

/* Of one run its own env.json goes with the report; of several there is none, since each has its own. */
static bool carry_environment(const Runs *runs, const char *folder, Error *err) {
    Path from, to;
    if (runs->count > 1) return true;
    if (!path_make(&from, err, "%s/env.json", runs->folders[0]) || !path_make(&to, err, "%s/env.json", folder)) return false;
    return strcmp(runs->folders[0], folder) == 0 || !file_exists(from.text) || file_link_or_copy(from.text, to.text, err);
}

static void make_command(Buffer *out, const Runs *runs) {
    if (runs->count == 1) {
        buffer_text(out, json_string_or(json_get(runs->records[0], "command"), ""));
        return;
    }
    buffer_text(out, "twofold report");
    for (int i = 0; i < runs->count; i++) buffer_printf(out, " %s", runs->folders[i]);
    buffer_text(out, " --output_dir DIR");
}

static bool render(Run *run, const Runs *runs, const Recalled *recalled, const Settings *settings, const Dataset *dataset,
                   Error *err) {
    Buffer command = {0};
    Comparison comparison = {0};
    make_command(&command, runs);
    CompareInput input = {.dataset = dataset,
                          .data = json_string_or(json_get(json_get(runs->records[0], "data"), "path"), NULL),
                          .seed = settings->seed,
                          .prices = settings->prices,
                          .cascade_loss = settings->cascade_loss,
                          .entries = recalled->specs,
                          .entry_count = recalled->count,
                          .output_dir = run->settings.output_dir,
                          .overwrite = run->settings.overwrite_output_dir,
                          .command = command.data,
                          .pool = run_pool(run, err),
                          .recorded = recalled->recorded,
                          .recorded_model = json_get(runs->records[0], "model"),
                          .recorded_from = runs->folders[0]};
    compare_identify(&input);
    bool ok = input.pool && buffer_ok(&command, err) && carry_environment(runs, input.output_dir, err) &&
              compare_run(&comparison, &input, compare_say_entry, run, &run->observer, err) &&
              compare_print(run, &comparison, err);
    comparison_free(&comparison);
    buffer_free(&command);
    return ok;
}

bool command_report(Run *run, Error *err) {
    Runs runs = {.count = 0};
    Settings settings;
    Options options = {0};
    char *command = NULL;
    Dataset dataset = {0};
    Recalled *recalled = calloc(1, sizeof *recalled);
    bool ok = recalled || FAIL(err, ERROR_FAILED, "out of memory");
    ok = ok && read_runs(&runs, run, err) && add_entries(recalled, &runs, err) &&
         restore_settings(&settings, &options, &command, &runs, run, err);
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
    if (ok && runs.count > 1) say_machines(run, &runs);
    ok = ok && render(run, &runs, recalled, &settings, &dataset, err);
    dataset_free(&dataset);
    options_free(&options);
    free(command);
    runs_free(&runs);
    if (recalled) recalled_free(recalled);
    return ok;
}
