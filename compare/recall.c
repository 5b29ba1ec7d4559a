#include "compare/recall.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "common/utf8.h"
#include "compare/curve.h"
#include "compare/label_audit.h"
#include "compare/tuning.h"
#include "features/npy.h"

/* ---- the encoder ---- */

static bool read_lengths(ComparisonModel *model, const char *folder, Error *err) {
    Path path;
    int64_t *lengths = NULL, count = 0;
    if (!path_make(&path, err, "%s/token_lengths.npy", folder) || !npy_read_int64(&lengths, &count, path.text, err)) return false;
    model->lengths = count > 0 && count <= INT32_MAX ? mem_new((size_t)count, sizeof *model->lengths, err) : NULL;
    for (int64_t i = 0; model->lengths && i < count; i++)
        model->lengths[model->lengths_count++] = lengths[i] > 0 && lengths[i] < INT32_MAX ? (int32_t)lengths[i] : 1;
    mem_free(lengths);
    return model->lengths && summary_make(&model->tokens, model->lengths, model->lengths_count, err);
}

void recall_model_facts(ComparisonModel *model, const Json *json) {
    const Json *truncated = json_get(json, "truncated");
    *model = (ComparisonModel){.folder = NULL};
    if (json_is_null(json)) return;
    model->folder = json_string_or(json_get(json, "path"), "");
    utf8_copy(model->what, sizeof model->what, json_string_or(json_get(json, "what"), ""));
    utf8_copy(model->sha256.text, sizeof model->sha256.text, json_string_or(json_get(json, "sha256"), ""));
    utf8_copy(model->new_tensors, sizeof model->new_tensors, json_string_or(json_get(json, "new_tensors"), ""));
    model->max_length = (int)json_int_or(json_get(json, "max_length"), 0);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        model->truncated[split] = (int)json_int_or(json_get(truncated, split_name(split)), 0);
    model->tokens.mean = json_number_or(json_get(json, "tokens_mean"), 0);
    model->tokens.max = json_int_or(json_get(json, "tokens_max"), 0);
}

static bool same_model(const ComparisonModel *a, const ComparisonModel *b) {
    return strcmp(a->sha256.text, b->sha256.text) == 0 && a->max_length == b->max_length &&
           memcmp(a->truncated, b->truncated, sizeof a->truncated) == 0 && a->tokens.mean == b->tokens.mean;
}

bool recall_model(Comparison *out, const CompareInput *input, Error *err) {
    const SourceRun *from = NULL;
    bool same = true;
    for (int i = 0; i < input->run_count; i++) {
        const SourceRun *run = &input->runs[i];
        if (strcmp(run->dtype, input->runs[0].dtype) != 0) out->dtype = NULL;
        if (!run->model.folder) continue;
        same = same && (!from || same_model(&from->model, &run->model));
        if (!from) from = run;
    }
    if (!from || !same) return true;
    out->model = from->model;
    return read_lengths(&out->model, from->folder, err);
}

/* ---- what a run has as a whole ---- */

static bool same_file(bool *same, const char *file, const char *a, const char *b, Error *err) {
    Path first, second;
    Sha256Hex of_first = {""}, of_second = {""};
    if (!path_make(&first, err, "%s/%s", a, file) || !path_make(&second, err, "%s/%s", b, file)) return false;
    *same = file_exists(first.text) && file_exists(second.text);
    if (!*same) return true;
    if (!sha256_file(&of_first, first.text, err) || !sha256_file(&of_second, second.text, err)) return false;
    *same = strcmp(of_first.text, of_second.text) == 0;
    return true;
}

/* The run whose part is shown, NULL: none is. */
static bool choose_run(const SourceRun **chosen, const CompareInput *input, RunPart part, const char *file, Error *err) {
    *chosen = input->run_count == 1 ? input->runs : NULL;
    for (int i = 0; input->run_count > 1 && i < input->run_count; i++) {
        const SourceRun *run = &input->runs[i];
        bool same = true;
        if (!run->has[part]) continue;
        if (*chosen && !same_file(&same, file, (*chosen)->folder, run->folder, err)) return false;
        if (!same) {
            *chosen = NULL;
            return true;
        }
        if (!*chosen) *chosen = run;
    }
    return true;
}

/* *run NULL: there is no such file to be read. */
static bool find_file(const SourceRun **run, Path *from, Path *to, const CompareInput *input, RunPart part, const char *file, Error *err) {
    if (!choose_run(run, input, part, file, err)) return false;
    if (!*run) return true;
    if (!path_make(from, err, "%s/%s", (*run)->folder, file) || !path_make(to, err, "%s/%s", input->output_dir, file)) return false;
    if (!file_exists(from->text)) *run = NULL;
    return true;
}

/* What an entry of that run is called here; NULL: it is not here. */
static const char *name_here(const CompareInput *input, const SourceRun *run, const char *name) {
    for (int i = 0; i < input->entry_count; i++)
        if (run->names[i] && strcmp(run->names[i], name) == 0) return input->entries[i].name;
    return NULL;
}

/* tune.json stays the plan of that run, to be tried again there; what is shown names the entries as this report does. */
bool recall_tuning(Comparison *out, const CompareInput *input, Error *err) {
    Path from, to;
    const SourceRun *run;
    if (!find_file(&run, &from, &to, input, RUN_TUNING, "tune.json", err)) return false;
    if (!run) return true;
    Tuning *tuning = out->tuning = mem_new(1, sizeof *out->tuning, err);
    if (!tuning || !tuning_load(tuning, from.text, err) || !tuning_save(tuning, to.text, err)) return false;
    for (int i = 0; input->run_count > 1 && i < tuning->count; i++) {
        const char *name = name_here(input, run, tuning->trials[i].name);
        if (name) utf8_copy(tuning->trials[i].name, sizeof tuning->trials[i].name, name);
    }
    out->shown[RUN_TUNING] = true;
    return true;
}

bool recall_curve(Comparison *out, const CompareInput *input, Error *err) {
    Path from, to;
    const SourceRun *run;
    if (!find_file(&run, &from, &to, input, RUN_CURVE, "learning_curve.json", err)) return false;
    if (!run) return true;
    LearningCurve *curve = out->curve = mem_new(1, sizeof *curve, err);
    if (!curve || !curve_load(curve, out, input->run_count > 1 ? run->names : NULL, from.text, err)) return false;
    if (input->run_count > 1 && !curve->count) { /* of entries that this report does not have */
        mem_free(curve);
        out->curve = NULL;
        return true;
    }
    out->shown[RUN_CURVE] = true;
    return curve_judge(curve, out, err) && curve_save(curve, out, to.text, err);
}

bool recall_labels(Comparison *out, const CompareInput *input, Error *err) {
    Path path;
    const SourceRun *run;
    if (!choose_run(&run, input, RUN_LABELS, "label_errors.json", err)) return false;
    return !run || (path_make(&path, err, "%s/label_errors.json", run->folder) &&
                    label_audit_load(&out->audit, input->dataset, NULL, path.text, &out->shown[RUN_LABELS], err));
}

bool recall_maps(Comparison *out, const CompareInput *input, Error *err) {
    const SourceRun *run;
    bool *found = &out->shown[RUN_MAPS];
    if (!choose_run(&run, input, RUN_MAPS, "maps/maps.json", err)) return false;
    if (!run) return true;
    if (!maps_load(&out->maps, input->dataset, NULL, run->folder, found, err)) return false;
    if (!*found) return true;
    for (int i = 0; input->run_count > 1 && i < MAP_SIDES; i++) {
        const char *name = out->maps.sides[i].made ? name_here(input, run, out->maps.sides[i].entry) : NULL;
        if (name) utf8_copy(out->maps.sides[i].entry, sizeof out->maps.sides[i].entry, name);
    }
    return maps_save(&out->maps, input->dataset, input->output_dir, err);
}
