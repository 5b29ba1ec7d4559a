/* Scores as metrics.json and compare.json hold them. */
#include <math.h>
#include <stdio.h>

#include "metrics/scores.h"

static void write_top_k(JsonWriter *writer, const Scores *scores) {
    json_write_key(writer, "top_k_accuracy");
    json_begin_object(writer);
    for (int i = 0; i < TOP_K_COUNT; i++) {
        if (TOP_K[i] >= scores->classes) continue;
        char key[16];
        snprintf(key, sizeof key, "%d", TOP_K[i]);
        json_put_number(writer, key, scores->top_k_accuracy[i]);
    }
    json_end_object(writer);
}

static void write_per_class(JsonWriter *writer, const Scores *scores, char *const *labels) {
    json_write_key(writer, "per_class");
    json_begin_object(writer);
    for (int c = 0; c < scores->classes; c++) {
        const ClassScores *class = &scores->per_class[c];
        json_write_key(writer, labels[c]);
        json_begin_object(writer);
        json_put_number(writer, "precision", class->precision);
        json_put_number(writer, "recall", class->recall);
        json_put_number(writer, "f1", class->f1);
        json_put_number(writer, "roc_auc", class->roc_auc);
        json_put_int(writer, "support", class->support);
        json_end_object(writer);
    }
    json_end_object(writer);
}

static void write_matrix(JsonWriter *writer, const Confusion *confusion) {
    json_write_key(writer, "confusion_matrix");
    json_begin_array(writer);
    for (int t = 0; t < confusion->classes; t++) {
        json_begin_array(writer);
        for (int p = 0; p < confusion->classes; p++) json_write_int(writer, confusion_count(confusion, t, p));
        json_end_array(writer);
    }
    json_end_array(writer);
}

static void write_cells(JsonWriter *writer, const Confusion *confusion) {
    json_write_key(writer, "confusion_matrix");
    json_write_null(writer);
    json_write_key(writer, "confusion_cells");
    json_begin_array(writer);
    for (int t = 0; t < confusion->classes; t++)
        for (int64_t cell = confusion->starts[t]; cell < confusion->starts[t + 1]; cell++) {
            json_begin_array(writer);
            json_write_int(writer, t);
            json_write_int(writer, confusion->predicted[cell]);
            json_write_int(writer, confusion->counts[cell]);
            json_end_array(writer);
        }
    json_end_array(writer);
}

void scores_write_json(JsonWriter *writer, const Scores *scores, char *const *labels) {
    json_begin_object(writer);
    json_put_int(writer, "rows", scores->rows);
    for (int i = 0; i < SCORE_FIELD_COUNT; i++)
        json_put_number(writer, SCORE_FIELDS[i].name, score_value(scores, &SCORE_FIELDS[i]));
    write_top_k(writer, scores);
    write_per_class(writer, scores, labels);
    if (scores->classes <= DENSE_CLASSES)
        write_matrix(writer, &scores->confusion);
    else
        write_cells(writer, &scores->confusion);
    json_end_object(writer);
}
