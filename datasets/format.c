#include "datasets/format.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "datasets/columns.h"

enum { SAMPLE_RECORDS = 200 };

typedef struct Word {
    const char *name;
    int value;
} Word;

static bool find_word(int *value, const Word *words, const char *name) {
    for (; words->name; words++)
        if (strcasecmp(words->name, name) == 0) {
            *value = words->value;
            return true;
        }
    return false;
}

static bool parse_separator(char *separator, const char *sep, Error *err) {
    if (!sep) return true;
    if (strcasecmp(sep, "tab") == 0 || strcmp(sep, "\\t") == 0)
        *separator = '\t';
    else if (sep[0] && !sep[1] && !strchr("\"\r\n", sep[0]) && (unsigned char)sep[0] < 0x80)
        *separator = sep[0];
    else
        return FAIL(err, ERROR_USAGE, "--sep '%s': expected one character, or \"tab\"", sep);
    return true;
}

bool format_from_options(FileFormat *format, const DataOptions *options, Error *err) {
    static const Word formats[] = {{"auto", FORMAT_AUTO},   {"csv", FORMAT_CSV},
                                   {"tsv", FORMAT_TSV},     {"jsonl", FORMAT_JSONL},
                                   {"json", FORMAT_JSONL},  {"text_label", FORMAT_TEXT_LABEL},
                                   {"lines", FORMAT_LINES}, {NULL, 0}};
    static const Word encodings[] = {{"utf-8", ENCODING_UTF8},       {"utf8", ENCODING_UTF8},
                                     {"utf-8-sig", ENCODING_UTF8},   {"latin1", ENCODING_LATIN1},
                                     {"latin-1", ENCODING_LATIN1},   {"iso-8859-1", ENCODING_LATIN1},
                                     {"iso8859-1", ENCODING_LATIN1}, {NULL, 0}};
    static const Word quotings[] = {{"minimal", true}, {"none", false}, {NULL, 0}};
    int kind = FORMAT_AUTO, encoding = ENCODING_UTF8, quotes = true;
    *format = (FileFormat){0};
    if (options->input_format && !find_word(&kind, formats, options->input_format))
        return FAIL(err, ERROR_USAGE, "--input_format '%s': expected auto, csv, tsv, jsonl or text_label", options->input_format);
    if (options->encoding && !find_word(&encoding, encodings, options->encoding))
        return FAIL(err, ERROR_USAGE, "--encoding '%s': expected utf-8 or latin1 (convert others with iconv)", options->encoding);
    if (options->quoting && !find_word(&quotes, quotings, options->quoting))
        return FAIL(err, ERROR_USAGE, "--quoting '%s': expected minimal or none", options->quoting);
    if (options->header && options->no_header) return FAIL(err, ERROR_USAGE, "--header and --no_header contradict each other");
    format->format = (InputFormat)kind;
    format->encoding = (Encoding)encoding;
    format->style.quotes = quotes;
    return parse_separator(&format->style.separator, options->sep, err);
}

static bool ends_with(const char *path, size_t size, const char *ending) {
    size_t length = strlen(ending);
    return size > length && strncasecmp(path + size - length, ending, length) == 0;
}

static InputFormat format_of_name(const char *path) {
    static const Word endings[] = {{".csv", FORMAT_CSV},
                                   {".tsv", FORMAT_TSV},
                                   {".tab", FORMAT_TSV},
                                   {".jsonl", FORMAT_JSONL},
                                   {".ndjson", FORMAT_JSONL},
                                   {".json", FORMAT_JSONL},
                                   {NULL, 0}};
    size_t size = strlen(path);
    if (ends_with(path, size, ".gz")) size -= 3;
    for (const Word *ending = endings; ending->name; ending++)
        if (ends_with(path, size, ending->name)) return (InputFormat)ending->value;
    return FORMAT_AUTO;
}

/* What the front of a file looks like when it is cut at one separator. */
typedef struct Look {
    int fields;      /* of the first record */
    bool known_name; /* one of them is a column name */
    bool even;       /* all records have as many */
} Look;

/* A record that reaches the end of a sample may go on behind it, and is left out unless the file ends there too. */
static bool sample_read(Input *sample, bool complete, CsvStyle style, Record *record) {
    Error ignored = {0};
    bool found;
    return csv_read(sample, style, record, &found, &ignored) && found && (complete || sample->at < sample->end);
}

static Input sample_of(const Input *input) {
    Input sample;
    size_t size = (size_t)(input->end - input->at);
    input_over(&sample, input->path, input->at, size < FORMAT_SAMPLE ? size : FORMAT_SAMPLE);
    return sample;
}

static bool sample_is_complete(const Input *input) { return input->ended && input->end - input->at <= FORMAT_SAMPLE; }

static Look look_at(const Input *input, CsvStyle style, const DataOptions *options) {
    Input sample = sample_of(input);
    Record record = {0};
    Look look = {.even = true};
    for (int i = 0; i < SAMPLE_RECORDS && look.even && sample_read(&sample, sample_is_complete(input), style, &record); i++) {
        if (i == 0) look.fields = record.fields;
        for (int j = 0; i == 0 && j < record.fields; j++) {
            size_t size;
            const char *name = record_field(&record, j, &size);
            look.known_name |= column_name_is_known(name, size, options);
        }
        look.even = record.fields == look.fields;
    }
    record_free(&record);
    return look;
}

/* A header decides; else the first separator that cuts all records alike; 0 when none does. */
static char guess_separator(const Input *input, bool quotes, const DataOptions *options) {
    static const char separators[] = {',', '\t', ';', '|'};
    char even = 0;
    for (size_t i = 0; i < sizeof separators; i++) {
        Look look = look_at(input, (CsvStyle){separators[i], quotes}, options);
        if (look.fields < 2) continue;
        if (look.known_name) return separators[i];
        if (look.even && !even) even = separators[i];
    }
    return even;
}

static bool lines_have_labels(const Input *input) {
    Input sample = sample_of(input);
    bool complete = sample_is_complete(input), all = true;
    int lines = 0;
    while (all && sample.at < sample.end) {
        size_t size = (size_t)(sample.end - sample.at);
        const char *newline = memchr(sample.at, '\n', size);
        if (!newline && !complete && lines) break;
        if (newline) size = (size_t)(newline - sample.at);
        const char *cut = memrchr(sample.at, ';', size);
        size_t rest = size - (size_t)(newline && size && newline[-1] == '\r');
        if (rest) all = cut && cut + 1 < sample.at + rest;
        lines += rest > 0;
        sample.at += size + (newline != NULL);
    }
    return all && lines > 0;
}

static bool detect_by_content(FileFormat *format, const Input *input, const DataOptions *options, bool lines_allowed,
                              Error *err) {
    const char *at = input->at;
    while (at < input->end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    char separator = guess_separator(input, format->style.quotes, options);
    bool named = separator && look_at(input, (CsvStyle){separator, format->style.quotes}, options).known_name;
    if (at < input->end && *at == '{')
        format->format = FORMAT_JSONL;
    else if (lines_allowed && !named)
        format->format = FORMAT_LINES;
    else if (separator && separator != ';' && (named || separator == '\t'))
        format->format = separator == '\t' ? FORMAT_TSV : FORMAT_CSV;
    else if (lines_have_labels(input))
        format->format = FORMAT_TEXT_LABEL;
    else if (separator)
        format->format = FORMAT_CSV;
    else
        return FAIL(err, ERROR_DATA,
                    "%s: the format cannot be told from its first lines; say --input_format csv, tsv, jsonl or text_label",
                    input->path);
    if (!format->style.separator) format->style.separator = separator;
    return true;
}

bool format_detect(FileFormat *format, Input *input, const DataOptions *options, bool lines_allowed, Error *err) {
    if (format->format == FORMAT_AUTO) format->format = format_of_name(input->path);
    if (format->format == FORMAT_TSV && !format->style.separator) format->style.separator = '\t';
    bool open = format->format == FORMAT_AUTO || format->format == FORMAT_CSV;
    if (!open || (format->format == FORMAT_CSV && format->style.separator)) return true;
    if (!input_peek(input, FORMAT_SAMPLE, err)) return false;
    if (format->format == FORMAT_AUTO && format->style.separator)
        format->format = FORMAT_CSV;
    else if (format->format == FORMAT_AUTO && !detect_by_content(format, input, options, lines_allowed, err))
        return false;
    if (format->format == FORMAT_CSV && !format->style.separator) {
        format->style.separator = guess_separator(input, format->style.quotes, options);
        /* `text;label` under the name of CSV, told by texts that hold a ';' of their own */
        if (!format->style.separator && !lines_allowed && lines_have_labels(input)) format->format = FORMAT_TEXT_LABEL;
        if (!format->style.separator) format->style.separator = ',';
    }
    return true;
}

typedef struct Cell {
    size_t begin, size;
} Cell;

static int cell_compare(const void *a, const void *b, void *bytes) {
    const Cell *x = a, *y = b;
    size_t common = x->size < y->size ? x->size : y->size;
    int order = memcmp((const char *)bytes + x->begin, (const char *)bytes + y->begin, common);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

static int count_different(Cell *cells, int count, Buffer *bytes) {
    int different = count > 0;
    qsort_r(cells, (size_t)count, sizeof *cells, cell_compare, bytes->data);
    for (int i = 1; i < count; i++) different += cell_compare(&cells[i - 1], &cells[i], bytes->data) != 0;
    return different;
}

typedef struct CellSample {
    Buffer bytes;
    Cell cells[2][SAMPLE_RECORDS];
    int count;
} CellSample;

static void cell_sample_add(CellSample *sample, const Record *record) {
    if (record->fields != 2) return;
    for (int i = 0; i < 2; i++) {
        size_t size;
        const char *cell = record_field(record, i, &size);
        sample->cells[i][sample->count] = (Cell){sample->bytes.size, size};
        buffer_add(&sample->bytes, cell, size);
    }
    sample->count++;
}

bool format_guess_label(int *label, const Record *first, Input *input, CsvStyle style, Error *err) {
    if (!input_peek(input, FORMAT_SAMPLE, err)) return false;
    Input front = sample_of(input);
    Record record = {0};
    CellSample sample = {0};
    cell_sample_add(&sample, first);
    while (sample.count < SAMPLE_RECORDS && sample_read(&front, sample_is_complete(input), style, &record))
        cell_sample_add(&sample, &record);
    bool ok = buffer_ok(&sample.bytes, err);
    if (ok)
        *label = count_different(sample.cells[0], sample.count, &sample.bytes) <
                         count_different(sample.cells[1], sample.count, &sample.bytes)
                     ? 0
                     : 1;
    record_free(&record);
    buffer_free(&sample.bytes);
    return ok;
}

void format_describe(Buffer *out, const FileFormat *format) {
    switch (format->format) {
    case FORMAT_JSONL: buffer_text(out, "JSONL"); break;
    case FORMAT_TEXT_LABEL: buffer_text(out, "`text;label` lines"); break;
    case FORMAT_LINES: buffer_text(out, "one text a line"); break;
    default:
        if (format->style.separator == '\t')
            buffer_text(out, "TSV");
        else
            buffer_printf(out, "CSV with '%c'", format->style.separator);
        if (!format->style.quotes) buffer_text(out, " without quoting");
    }
    buffer_text(out, format->encoding == ENCODING_LATIN1 ? ", Latin-1" : ", UTF-8");
}
