#include "compare/csv.h"

#include <math.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "common/utf8.h"

Csv csv_begin(const char *columns) {
    Csv csv = {0};
    buffer_text(&csv.text, columns);
    buffer_text(&csv.text, "\n");
    return csv;
}

static void begin_field(Csv *csv) {
    if (csv->in_row) buffer_text(&csv->text, ",");
    csv->in_row = true;
}

void csv_text(Csv *csv, const char *text) {
    begin_field(csv);
    escape_csv(&csv->text, text, strlen(text));
}

void csv_count(Csv *csv, int64_t count) {
    begin_field(csv);
    buffer_printf(&csv->text, "%lld", (long long)count);
}

void csv_number(Csv *csv, double value) {
    char text[32] = "";
    if (isfinite(value)) number_text(text, value);
    begin_field(csv);
    buffer_text(&csv->text, text);
}

void csv_interval(Csv *csv, Interval interval) {
    csv_number(csv, interval.low);
    csv_number(csv, interval.high);
}

void csv_end_row(Csv *csv) {
    buffer_text(&csv->text, "\n");
    csv->in_row = false;
    csv->rows++;
}

bool csv_write(Csv *csv, const char *folder, const char *name, Error *err) {
    Path path;
    bool written = buffer_ok(&csv->text, err);
    if (csv->rows)
        written = written && path_make(&path, err, "%s/tables", folder) && folder_make(path.text, err) &&
                  path_make(&path, err, "%s/tables/%s.csv", folder, name) && file_write_buffer(path.text, &csv->text, err);
    buffer_free(&csv->text);
    *csv = (Csv){0};
    return written;
}
