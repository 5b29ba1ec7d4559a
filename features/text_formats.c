#include "features/text_formats.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/memory.h"
#include "common/utf8.h"

/* A float as the shortest text that reads back as the same float: fewest digits of %g first. */
static void float_text(char out[32], float value) {
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(out, 32, "%.*g", digits, (double)value);
        if (strtof(out, NULL) == value) return;
    }
}

static void add_pair(Buffer *line, int index, const char *number) { buffer_printf(line, " %d:%s", index, number); }

static void libsvm_row(Buffer *line, const FeatureView *view, int row) {
    char number[32];
    if (view->dense) {
        const float *values = view->dense->values + (size_t)row * (size_t)view->dense->channels;
        for (int c = 0; c < view->dense->channels; c++) {
            if (values[c] >= 0 && values[c] <= 0) continue;
            float_text(number, values[c]);
            add_pair(line, c + 1, number);
        }
        return;
    }
    for (int64_t i = view->sparse->starts[row]; i < view->sparse->starts[row + 1]; i++) {
        number_text(number, view->sparse->values[i]);
        add_pair(line, view->sparse->indices[i] + 1, number);
    }
}

static void csv_row(Buffer *line, const FeatureView *view, int row) {
    const float *values = view->dense->values + (size_t)row * (size_t)view->dense->channels;
    for (int c = 0; c < view->dense->channels; c++) {
        char number[32];
        float_text(number, values[c]);
        buffer_text(line, ",");
        buffer_text(line, number);
    }
}

/* Hands the line over to the file and empties it. */
static bool line_end(FeatureText *text, Error *err) {
    buffer_text(&text->line, "\n");
    if (!buffer_ok(&text->line, err)) return false;
    file_writer_add(&text->file, text->line.data, text->line.size);
    text->line.size = 0;
    return true;
}

bool feature_text_open(FeatureText *text, const char *path, FeatureTextKind kind, int channels, const char *const *class_names, Error *err) {
    *text = (FeatureText){.kind = kind, .class_names = class_names};
    if (!file_writer_open(&text->file, path, err)) return false;
    if (kind == FEATURE_TEXT_LIBSVM) return true;
    buffer_text(&text->line, "label");
    for (int c = 0; c < channels; c++) buffer_printf(&text->line, ",f%d", c);
    if (line_end(text, err)) return true;
    feature_text_cancel(text);
    return false;
}

bool feature_text_add(FeatureText *text, const FeatureView *view, const int32_t *labels, Error *err) {
    bool good = true;
    for (int i = 0; good && i < view->count; i++) {
        int row = feature_view_row(view, i);
        if (text->kind == FEATURE_TEXT_LIBSVM)
            buffer_printf(&text->line, "%d", labels ? labels[i] : 0);
        else if (labels && text->class_names)
            escape_csv(&text->line, text->class_names[labels[i]], strlen(text->class_names[labels[i]]));
        else if (labels)
            buffer_printf(&text->line, "%d", labels[i]);
        (text->kind == FEATURE_TEXT_LIBSVM ? libsvm_row : csv_row)(&text->line, view, row);
        good = line_end(text, err);
    }
    return good;
}

bool feature_text_commit(FeatureText *text, Error *err) {
    buffer_free(&text->line);
    return file_writer_commit(&text->file, err);
}

void feature_text_cancel(FeatureText *text) {
    buffer_free(&text->line);
    file_writer_cancel(&text->file);
}

static bool write_all(const char *path, FeatureTextKind kind, const FeatureView *view, const int32_t *labels,
                      const char *const *class_names, Error *err) {
    FeatureText text;
    if (!feature_text_open(&text, path, kind, feature_view_channels(view), class_names, err)) return false;
    if (feature_text_add(&text, view, labels, err)) return feature_text_commit(&text, err);
    feature_text_cancel(&text);
    return false;
}

bool features_write_libsvm(const char *path, const FeatureView *view, const int32_t *labels, Error *err) {
    return write_all(path, FEATURE_TEXT_LIBSVM, view, labels, NULL, err);
}

bool features_write_csv(const char *path, const FeatureView *view, const int32_t *labels, const char *const *class_names,
                        Error *err) {
    if (!view->dense) return FAIL(err, ERROR_USAGE, "%s: sparse features cannot be written as CSV; use libsvm", path);
    return write_all(path, FEATURE_TEXT_CSV, view, labels, class_names, err);
}
