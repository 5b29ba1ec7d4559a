#include "compare/report_runs.h"

#include <string.h>

#include "compare/markdown.h"
#include "compare/report_markdown.h"
#include "compare/shown_text.h"

enum { FOLDER_SHOWN = 400, COMMAND_SHOWN = 1500 };

/* ---- sentences ---- */

int runs_count(const Comparison *c, RunPart part) {
    int count = 0;
    for (int i = 0; comparison_is_joint(c) && i < c->run_count; i++) count += c->runs[i].has[part];
    return count;
}

/* "a, b and c": the folders of the runs that have it, or of those that have not. */
static void add_folders(Buffer *out, const Comparison *c, RunPart part, bool has) {
    int left = has ? runs_count(c, part) : c->run_count - runs_count(c, part);
    bool first = true;
    for (int i = 0; i < c->run_count; i++) {
        if (c->runs[i].has[part] != has) continue;
        left--;
        buffer_printf(out, "%s%s", first ? "" : left ? ", " : " and ", c->runs[i].folder);
        if (part == RUN_LABELS && has && !c->shown[part] && c->runs[i].doubted >= 0)
            buffer_printf(out, " (%d doubted)", c->runs[i].doubted);
        first = false;
    }
}

void runs_say_whose(Buffer *out, const Comparison *c, RunPart part) {
    static const char *const THINGS[RUN_PARTS] = {[RUN_TUNING] = "choice of settings",
                                                  [RUN_CURVE] = "learning curve",
                                                  [RUN_LABELS] = "search for label errors",
                                                  [RUN_MAPS] = "map of the test texts"};
    int count = runs_count(c, part);
    if (!count) return;
    if (c->shown[part]) {
        buffer_printf(out, "This is the %s of ", THINGS[part]);
        add_folders(out, c, part, true);
        buffer_text(out, count > 1 ? ", the same in each." : ".");
    } else {
        buffer_printf(out, count > 1 ? "A %s, each its own, was made in " : "A %s was made in ", THINGS[part]);
        add_folders(out, c, part, true);
        buffer_printf(out, ": %s in %s has it.", part == RUN_LABELS ? "audit.csv" : "report.html",
                      count > 1 ? "each of these folders" : "that folder");
    }
    if (count == c->run_count) return;
    buffer_text(out, " None was made in ");
    add_folders(out, c, part, false);
    buffer_text(out, ".");
}

static int name_size(const char *folder) {
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/') size--;
    return (int)size;
}

void runs_say_settings(Buffer *out, const Comparison *c, int run) {
    const char *folder = c->runs[run].folder;
    buffer_text(out, c->runs[run].has[RUN_TUNING] ? "settings were chosen on the validation texts (--tune quick)"
                                                  : "settings are defaults, or were given: none was chosen for this data");
    buffer_printf(out, "; its own report is %.*s/report.html", name_size(folder), folder);
}

void runs_say_machines(Buffer *out, const SourceRun *runs, int count) {
    bool differ = false;
    for (int i = 1; i < count; i++) differ |= strcmp(runs[i].processor, runs[0].processor) != 0;
    if (!differ) return;
    for (int i = 0; i < count; i++)
        buffer_printf(out, "%s%s%s on %s", i ? ", " : "", runs[i].folder, i ? "" : " was measured",
                      *runs[i].processor ? runs[i].processor : "an unknown processor");
    buffer_text(out, ": their times do not compare.");
}

bool runs_same_seed(const Comparison *c) {
    for (int i = 1; i < c->run_count; i++)
        if (c->runs[i].seed != c->runs[0].seed) return false;
    return true;
}

/* ---- compare.json ---- */

static void put_text_or_null(JsonWriter *json, const char *key, const char *text) {
    json_write_key(json, key);
    if (text && *text)
        json_write_string(json, text);
    else
        json_write_null(json);
}

void model_write_json(JsonWriter *json, const ComparisonModel *model) {
    json_write_key(json, "model");
    if (!model->folder) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    json_put_string(json, "path", model->folder);
    json_put_string(json, "what", model->what);
    json_put_string(json, "sha256", model->sha256.text);
    json_put_int(json, "max_length", model->max_length);
    json_write_key(json, "truncated");
    json_begin_object(json);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) json_put_int(json, split_name(split), model->truncated[split]);
    json_end_object(json);
    json_put_number(json, "tokens_mean", model->tokens.mean);
    json_put_int(json, "tokens_max", model->tokens.max);
    put_text_or_null(json, "new_tensors", model->new_tensors);
    json_end_object(json);
}

static void write_entries(JsonWriter *json, const Comparison *c, const SourceRun *run) {
    json_write_key(json, "entries");
    json_begin_object(json);
    for (int i = 0; i < c->entry_count; i++)
        if (run->names[i]) json_put_string(json, c->entries[i].name, run->names[i]);
    json_end_object(json);
}

void runs_write_json(JsonWriter *json, const Comparison *c) {
    json_begin_array(json);
    for (int i = 0; i < c->run_count; i++) {
        const SourceRun *run = &c->runs[i];
        json_begin_object(json);
        json_put_string(json, "folder", run->folder);
        put_text_or_null(json, "command", run->command);
        put_text_or_null(json, "dtype", run->dtype);
        json_put_int(json, "seed", run->seed);
        model_write_json(json, &run->model);
        json_put_bool(json, "tuned", run->has[RUN_TUNING]);
        json_put_bool(json, "learning_curve", run->has[RUN_CURVE]);
        json_put_bool(json, "label_errors", run->has[RUN_LABELS]);
        json_put_bool(json, "maps", run->has[RUN_MAPS]);
        write_entries(json, c, run);
        json_write_key(json, "costs");
        json_begin_object(json);
        put_text_or_null(json, "processor", run->processor);
        json_end_object(json);
        json_end_object(json);
    }
    json_end_array(json);
}

/* ---- report.md ---- */

static void add_run(Buffer *out, const SourceRun *run) {
    buffer_text(out, "- ");
    markdown_text(out, run->folder, FOLDER_SHOWN);
    buffer_text(out, ": ");
    if (run->model.folder) {
        buffer_text(out, "encoder ");
        markdown_text(out, run->model.folder, FOLDER_SHOWN);
        buffer_text(out, " (");
        markdown_text(out, run->model.what, FOLDER_SHOWN);
        buffer_text(out, "; sha256 of its weights ");
        markdown_text(out, run->model.sha256.text, FOLDER_SHOWN);
        buffer_text(out, ")");
    } else
        buffer_text(out, "no encoder");
    if (*run->dtype) {
        buffer_text(out, ", ");
        markdown_text(out, run->dtype, MARKDOWN_NAME);
    }
    buffer_printf(out, ", seed %lld", (long long)run->seed);
    if (*run->processor) {
        buffer_text(out, ", on <span class=\"measured\">");
        markdown_text(out, run->processor, FOLDER_SHOWN);
        buffer_text(out, "</span>");
    }
    buffer_text(out, "\n\n      ");
    shown_text(out, run->command, strlen(run->command), COMMAND_SHOWN);
    buffer_text(out, "\n\n");
}

void markdown_add_runs(Buffer *out, const Comparison *c) {
    if (!comparison_is_joint(c)) return;
    buffer_text(out, "Made of these runs:\n\n");
    for (int i = 0; i < c->run_count; i++) add_run(out, &c->runs[i]);
}
