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
static bool line_end(Buffer *line, FileWriter *file, Error *err) {
    buffer_text(line, "\n");
    if (!buffer_ok(line, err)) return false;
    file_writer_add(file, line->data, line->size);
    line->size = 0;
    return true;
}

static bool file_end(FileWriter *file, Buffer *line, bool good, Error *err) {
    buffer_free(line);
    if (good) return file_writer_commit(file, err);
    file_writer_cancel(file);
    return false;
}

bool features_write_libsvm(const char *path, const FeatureView *view, const int32_t *labels, Error *err) {
    FileWriter file;
    Buffer line = {0};
    if (!file_writer_open(&file, path, err)) return false;
    bool good = true;
    for (int i = 0; good && i < view->count; i++) {
        buffer_printf(&line, "%d", labels ? labels[i] : 0);
        libsvm_row(&line, view, feature_view_row(view, i));
        good = line_end(&line, &file, err);
    }
    return file_end(&file, &line, good, err);
}

bool features_write_csv(const char *path, const FeatureView *view, const int32_t *labels, const char *const *class_names,
                        Error *err) {
    if (!view->dense) return FAIL(err, ERROR_USAGE, "%s: sparse features cannot be written as CSV; use libsvm", path);
    FileWriter file;
    Buffer line = {0};
    if (!file_writer_open(&file, path, err)) return false;
    buffer_text(&line, "label");
    for (int c = 0; c < view->dense->channels; c++) buffer_printf(&line, ",f%d", c);
    bool good = line_end(&line, &file, err);
    for (int i = 0; good && i < view->count; i++) {
        if (labels && class_names)
            escape_csv(&line, class_names[labels[i]], strlen(class_names[labels[i]]));
        else if (labels)
            buffer_printf(&line, "%d", labels[i]);
        csv_row(&line, view, feature_view_row(view, i));
        good = line_end(&line, &file, err);
    }
    return file_end(&file, &line, good, err);
}
