#include "datasets/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "datasets/format.h"
#include "datasets/input.h"
#include "datasets/reader_csv.h"
#include "datasets/reader_jsonl.h"

struct RowReader {
    Input input;
    FileFormat format;
    RowUse use;
    Columns columns;
    bool header;
    int guessed_label;
    bool pending;  /* the first row was read to look at it, and is still to be handed out */
    Record record; /* CSV, TSV */
    Buffer line;   /* the others */
    int64_t line_number;
    Buffer text, label, slice; /* decoded */
    Buffer detected;
    int64_t replaced;
};

void row_reader_close(RowReader *reader) {
    if (!reader) return;
    input_close(&reader->input);
    columns_free(&reader->columns);
    record_free(&reader->record);
    buffer_free(&reader->line);
    buffer_free(&reader->text);
    buffer_free(&reader->label);
    buffer_free(&reader->slice);
    buffer_free(&reader->detected);
    mem_free(reader);
}

const char *row_reader_detected(const RowReader *reader) { return reader->detected.data; }
bool row_reader_has_labels(const RowReader *reader) { return reader->columns.label >= 0; }
int row_reader_guessed_label(const RowReader *reader) { return reader->guessed_label; }
int64_t row_reader_replaced(const RowReader *reader) { return reader->replaced; }

void row_reader_progress(const RowReader *reader, int64_t *bytes, int64_t *total) {
    *bytes = reader->input.bytes_read;
    *total = reader->input.bytes_total;
}

/* ---- bytes to UTF-8 ---- */

static bool check_utf8(const RowReader *reader, int64_t line, const char *text, size_t size, Error *err) {
    size_t valid = utf8_valid_prefix(text, size);
    if (valid == size) return true;
    return FAIL(err, ERROR_DATA,
                "%s:%" PRId64 ": byte 0x%02X behind %zu characters is not UTF-8 (--encoding latin1 if the file is Latin-1)",
                reader->input.path, line, (unsigned)(unsigned char)text[valid], utf8_count(text, valid));
}

/* Shows bytes as UTF-8: themselves when they are, else decoded into `out`. */
static bool decode(RowReader *reader, int64_t line, Buffer *out, const char **text, size_t *size, Error *err) {
    if (reader->format.encoding == ENCODING_UTF8) return check_utf8(reader, line, *text, *size, err);
    if (utf8_valid_prefix(*text, *size) == *size && reader->format.encoding == ENCODING_UTF8_REPLACE) return true;
    out->size = 0;
    buffer_add(out, "", 0);
    if (reader->format.encoding == ENCODING_LATIN1)
        utf8_from_latin1(out, *text, *size);
    else
        reader->replaced += (int64_t)utf8_replace(out, *text, *size);
    *text = out->data;
    *size = out->size;
    return buffer_ok(out, err);
}

/* ---- one row ---- */

/* The line as UTF-8 takes the place of the line. */
static bool decode_line(RowReader *reader, Error *err) {
    const char *text = reader->line.data;
    size_t size = reader->line.size;
    if (!decode(reader, reader->line_number, &reader->text, &text, &size, err)) return false;
    if (text == reader->line.data) return true;
    Buffer decoded = reader->text;
    reader->text = reader->line;
    reader->line = decoded;
    return true;
}

static bool read_unit(RowReader *reader, bool *found, Error *err) {
    bool blank;
    if (reader->format.format == FORMAT_CSV || reader->format.format == FORMAT_TSV)
        return csv_read(&reader->input, reader->format.style, &reader->record, found, err);
    do {
        if (!input_read_line(&reader->input, &reader->line, &reader->line_number, found, err)) return false;
        blank = *found && strspn(reader->line.data, " \t") == reader->line.size && reader->format.format != FORMAT_LINES;
    } while (blank);
    return !*found || decode_line(reader, err);
}

static bool check_label(const RowReader *reader, Row *row, Error *err) {
    if (!row->label || reader->use == ROWS_TO_PREDICT) return true;
    if (row->label_size == 0) return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": the label is empty", reader->input.path, row->line);
    if (memchr(row->label, 0, row->label_size))
        return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": the label holds a NUL character", reader->input.path, row->line);
    return true;
}

static bool fail_field_count(const RowReader *reader, Error *err) {
    char hint[96];
    if (reader->format.style.separator == '\t')
        (void)snprintf(hint, sizeof hint, "a text that holds a tab must stand in quotes");
    else
        (void)snprintf(hint, sizeof hint, "a text that holds '%c' must stand in quotes", reader->format.style.separator);
    return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": %d field%s, expected %d (%s)", reader->input.path, reader->record.line,
                reader->record.fields, reader->record.fields == 1 ? "" : "s", reader->columns.count, hint);
}

static bool row_from_record(RowReader *reader, Row *row, Error *err) {
    const Record *record = &reader->record;
    if (record->fields != reader->columns.count) return fail_field_count(reader, err);
    if (reader->format.encoding == ENCODING_UTF8)
        for (int i = 0; i < record->fields; i++) {
            size_t size;
            const char *cell = record_field(record, i, &size);
            if (!check_utf8(reader, record->line, cell, size, err)) return false;
        }
    *row = (Row){.line = record->line};
    row->text = record_field(record, reader->columns.text, &row->text_size);
    if (reader->columns.label >= 0) row->label = record_field(record, reader->columns.label, &row->label_size);
    if (reader->columns.slice >= 0) row->slice = record_field(record, reader->columns.slice, &row->slice_size);
    if (reader->format.encoding == ENCODING_UTF8) return true;
    return decode(reader, row->line, &reader->text, &row->text, &row->text_size, err) &&
           (!row->label || decode(reader, row->line, &reader->label, &row->label, &row->label_size, err)) &&
           (!row->slice || decode(reader, row->line, &reader->slice, &row->slice, &row->slice_size, err));
}

static bool row_from_json(RowReader *reader, Row *row, Error *err) {
    const Columns *columns = &reader->columns;
    LinePlace place = {reader->input.path, reader->line_number};
    const char *label_key = columns->label >= 0 ? columns->names[columns->label] : NULL;
    bool labelled;
    if (!jsonl_read_row(&reader->line, place, columns->names[columns->text], label_key,
                        label_key && reader->use != ROWS_TO_PREDICT, &reader->text, &reader->label, &labelled, err))
        return false;
    *row = (Row){.text = reader->text.data,
                 .text_size = reader->text.size,
                 .label = labelled ? reader->label.data : NULL,
                 .label_size = reader->label.size,
                 .line = reader->line_number};
    if (columns->slice < 0) return true;
    if (!jsonl_read_value(&reader->line, place, columns->names[columns->slice], &reader->slice, err)) return false;
    row->slice = reader->slice.data;
    row->slice_size = reader->slice.size;
    return true;
}

static bool row_from_line(RowReader *reader, Row *row, Error *err) {
    *row = (Row){.text = reader->line.data, .text_size = reader->line.size, .line = reader->line_number};
    if (reader->format.format == FORMAT_LINES) return true;
    const char *cut = memrchr(row->text, ';', row->text_size);
    if (!cut)
        return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": no ';' in this line, expected text;label", reader->input.path, row->line);
    size_t text_size = (size_t)(cut - row->text);
    row->label = reader->columns.label >= 0 ? cut + 1 : NULL;
    row->label_size = row->text_size - text_size - 1;
    row->text_size = text_size;
    return true;
}

static bool row_from_unit(RowReader *reader, Row *row, Error *err) {
    bool ok;
    switch (reader->format.format) {
    case FORMAT_CSV:
    case FORMAT_TSV: ok = row_from_record(reader, row, err); break;
    case FORMAT_JSONL: ok = row_from_json(reader, row, err); break;
    default: ok = row_from_line(reader, row, err);
    }
    return ok && check_label(reader, row, err);
}

bool row_reader_next(RowReader *reader, Row *row, bool *found, Error *err) {
    *found = reader->pending;
    if (!reader->pending && !read_unit(reader, found, err)) return false;
    reader->pending = false;
    return !*found || row_from_unit(reader, row, err);
}

/* ---- the first row tells the columns ---- */

static LabelNeed label_need(const RowReader *reader) {
    if (reader->use == ROWS_LABELLED) return LABEL_REQUIRED;
    return reader->use == ROWS_TO_PREDICT ? LABEL_IGNORED : LABEL_OPTIONAL;
}

static bool first_is_header(const Record *record, const DataOptions *options) {
    if (options->header || options->no_header) return options->header;
    for (int i = 0; i < record->fields; i++) {
        size_t size;
        const char *name = record_field(record, i, &size);
        if (column_name_is_known(name, size, options)) return true;
    }
    return false;
}

static bool name_csv_columns(RowReader *reader, const DataOptions *options, Error *err) {
    Columns *columns = &reader->columns;
    const Record *record = &reader->record;
    reader->header = first_is_header(record, options);
    columns->named = reader->header || options->names;
    if (options->names && !columns_add_list(columns, options->names, err)) return false;
    for (int i = 0; i < record->fields && !options->names; i++) {
        char number[16];
        size_t size = (size_t)snprintf(number, sizeof number, "%d", i + 1);
        const char *name = number;
        if (reader->header) name = record_field(record, i, &size);
        if (!decode(reader, record->line, &reader->text, &name, &size, err) || !columns_add(columns, name, size, err))
            return false;
    }
    if (columns->count == record->fields) return true;
    return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": %d field%s, expected %d as in --names", reader->input.path, record->line,
                record->fields, record->fields == 1 ? "" : "s", columns->count);
}

static bool begin_csv(RowReader *reader, const DataOptions *options, Error *err) {
    int guess = 1;
    bool two_unnamed = reader->record.fields == 2 && !options->names && !first_is_header(&reader->record, options);
    if (two_unnamed && !format_guess_label(&guess, &reader->record, &reader->input, reader->format.style, err)) return false;
    if (!name_csv_columns(reader, options, err)) return false;
    reader->pending = !reader->header;
    if (!columns_choose(&reader->columns, options, label_need(reader), guess, reader->input.path, err)) return false;
    if (two_unnamed && !options->text_column && !options->label_column) reader->guessed_label = reader->columns.label;
    return true;
}

static bool begin_jsonl(RowReader *reader, const DataOptions *options, Error *err) {
    LinePlace place = {reader->input.path, reader->line_number};
    reader->columns.named = reader->pending = true;
    return jsonl_read_keys(&reader->line, place, &reader->columns, err) &&
           columns_choose(&reader->columns, options, label_need(reader), 1, reader->input.path, err);
}

/* A header of `text;label` lines must name both: a text may well end in a word like "class". */
static bool line_is_header(const Buffer *line, const DataOptions *options) {
    if (options->header || options->no_header) return options->header;
    const char *cut = memrchr(line->data, ';', line->size);
    if (!cut) return false;
    size_t text_size = (size_t)(cut - line->data);
    return column_name_is_known(line->data, text_size, options) &&
           column_name_is_known(cut + 1, line->size - text_size - 1, options);
}

static bool begin_text_label(RowReader *reader, const DataOptions *options, Error *err) {
    reader->header = line_is_header(&reader->line, options);
    reader->pending = !reader->header;
    reader->columns.label = reader->use == ROWS_TO_PREDICT ? -1 : 1;
    return columns_add(&reader->columns, "text", 4, err) && columns_add(&reader->columns, "label", 5, err);
}

static bool begin_lines(RowReader *reader, Error *err) {
    reader->pending = true;
    if (reader->use == ROWS_LABELLED)
        return FAIL(err, ERROR_DATA, "%s: lines of text alone have no labels; say --input_format csv, tsv, jsonl or text_label",
                    reader->input.path);
    return true;
}

static bool describe(RowReader *reader, Error *err) {
    Buffer *out = &reader->detected;
    const Columns *columns = &reader->columns;
    format_describe(out, &reader->format);
    if (reader->input.gzipped) buffer_text(out, ", gzip");
    bool table = reader->format.format == FORMAT_CSV || reader->format.format == FORMAT_TSV;
    if (table || reader->header) buffer_text(out, reader->header ? ", header" : ", no header");
    if (columns->count && reader->format.format != FORMAT_TEXT_LABEL) {
        const char *quote = columns->named ? "'" : "";
        const char *column = columns->named ? "" : "column ";
        buffer_printf(out, "; text %s%s%s%s", column, quote, columns->names[columns->text], quote);
        if (columns->label >= 0) buffer_printf(out, ", label %s%s%s%s", column, quote, columns->names[columns->label], quote);
    }
    return buffer_ok(out, err);
}

static bool reader_begin(RowReader *reader, const DataOptions *options, Error *err) {
    bool found, standard = reader->format.format == FORMAT_AUTO && reader->input.bytes_total < 0 &&
                           reader->use == ROWS_TO_PREDICT && strcmp(reader->input.path, "standard input") == 0;
    if (standard) reader->format.format = FORMAT_LINES;
    if (!format_detect(&reader->format, &reader->input, options, reader->use == ROWS_TO_PREDICT, err)) return false;
    if (!describe(reader, err)) return false;
    if (options->slice_column && reader->use != ROWS_TO_PREDICT &&
        (reader->format.format == FORMAT_TEXT_LABEL || reader->format.format == FORMAT_LINES))
        return FAIL(err, ERROR_USAGE, "%s: --slice_column '%s' needs a file with columns: CSV, TSV or JSONL", reader->input.path,
                    options->slice_column);
    if (!read_unit(reader, &found, err)) return false;
    if (!found) {
        if (reader->use == ROWS_TO_PREDICT) return true;
        return FAIL(err, ERROR_DATA, "%s: an empty file, expected rows of text and label", reader->input.path);
    }
    bool ok;
    switch (reader->format.format) {
    case FORMAT_CSV:
    case FORMAT_TSV: ok = begin_csv(reader, options, err); break;
    case FORMAT_JSONL: ok = begin_jsonl(reader, options, err); break;
    case FORMAT_TEXT_LABEL: ok = begin_text_label(reader, options, err); break;
    default: ok = begin_lines(reader, err);
    }
    reader->detected.size = 0;
    return ok && describe(reader, err);
}

RowReader *row_reader_open(const char *path, const DataOptions *options, RowUse use, Error *err) {
    RowReader *reader = mem_new(1, sizeof *reader, err);
    if (!reader) return NULL;
    reader->use = use;
    reader->columns.label = reader->columns.slice = reader->guessed_label = -1;
    if (format_from_options(&reader->format, options, err) && input_open(&reader->input, path, err)) {
        if (use == ROWS_TO_PREDICT && reader->format.encoding == ENCODING_UTF8) reader->format.encoding = ENCODING_UTF8_REPLACE;
        if (reader_begin(reader, options, err)) return reader;
    }
    row_reader_close(reader);
    return NULL;
}
