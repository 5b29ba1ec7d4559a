/* twofold tokenize: texts to tokens and ids, and back. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/ids.h"
#include "cli/lines.h"
#include "common/available.h"
#include "common/model_folder.h"
#include "common/utf8.h"
#include "encoder/tokenizer.h"

/* One token to show. */
typedef struct Piece {
    const char *text;
    size_t size;
    int32_t id;
} Piece;

typedef struct Work {
    Run *run;
    Tokenizer *tokenizer; /* NULL where the level needs none */
    Encoding encoding;
    LevelTokens level;
    Buffer valid, out;
    Piece *pieces;
    size_t capacity;
    IdList ids; /* read for --decode */
    int columns;
    size_t replaced; /* invalid parts of texts */
    int64_t texts_replaced, texts;
    size_t longest; /* text for which there is memory, as far as is known */
} Work;

/* ---- texts to ids ---- */

/* The pieces of a text, borrowed until the next call; -1 on failure. */
static int64_t cut(Work *work, const char *text, size_t size, Error *err) {
    bool wordpiece = work->run->settings.level == LEVEL_WORDPIECE;
    if (wordpiece ? !tokenizer_encode(work->tokenizer, &work->encoding, text, size, 0, err)
                  : !levels_encode(&work->level, work->run->settings.level, text, size, err))
        return -1;
    size_t count = wordpiece ? work->encoding.count : work->level.count;
    Piece *grown = mem_grow(work->pieces, &work->capacity, count, sizeof *grown, err);
    if (!grown) return -1;
    work->pieces = grown;
    for (size_t i = 0; i < count; i++) {
        const LevelToken *token = wordpiece ? NULL : &work->level.tokens[i];
        Piece *piece = &work->pieces[i];
        piece->id = token ? token->id : work->encoding.ids[i];
        piece->size = token ? token->size : 0;
        piece->text = token ? text + token->start : tokenizer_token(work->tokenizer, piece->id, &piece->size);
    }
    return (int64_t)count;
}

static void write_json(Work *work, size_t count) {
    JsonWriter writer = json_writer(&work->out, 0);
    json_begin_object(&writer);
    json_write_key(&writer, "ids");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) json_write_int(&writer, work->pieces[i].id);
    json_end_array(&writer);
    json_write_key(&writer, "tokens");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) json_write_bytes(&writer, work->pieces[i].text, work->pieces[i].size);
    json_end_array(&writer);
    json_end_object(&writer);
    buffer_add(&work->out, "\n", 1);
}

/* A space is shown as an open box: it would not be seen. */
static void add_shown(Buffer *out, const Piece *piece) {
    if (piece->size == 1 && piece->text[0] == ' ')
        buffer_text(out, "\xE2\x90\xA3");
    else
        escape_terminal(out, piece->text, piece->size);
}

static void add_padded(Buffer *out, const char *text, size_t size, int width) {
    buffer_add(out, text, size);
    for (int at = utf8_width(text, size); at < width; at++) buffer_add(out, " ", 1);
}

static void end_line(Buffer *out, size_t begin) {
    while (out->size > begin && out->data[out->size - 1] == ' ') out->size--;
    buffer_add(out, "\n", 1);
}

/* Tokens above their ids, in as many pairs of lines as the width asks for. */
static void write_table(Work *work, size_t count) {
    Buffer tokens = {0}, ids = {0}, shown = {0};
    if (work->texts > 1) buffer_add(&work->out, "\n", 1);
    int used = 0;
    for (size_t i = 0; i < count; i++) {
        char number[16];
        int digits = snprintf(number, sizeof number, "%d", (int)work->pieces[i].id);
        shown.size = 0;
        add_shown(&shown, &work->pieces[i]);
        int width = shown.size ? utf8_width(shown.data, shown.size) : 0;
        if (width < digits) width = digits;
        if (used > 0 && used + width > work->columns) {
            end_line(&tokens, 0);
            end_line(&ids, 0);
            buffer_add(&work->out, tokens.data, tokens.size);
            buffer_add(&work->out, ids.data, ids.size);
            tokens.size = ids.size = 0;
            used = 0;
        }
        add_padded(&tokens, shown.data, shown.size, width + 2);
        add_padded(&ids, number, (size_t)digits, width + 2);
        used += width + 2;
    }
    end_line(&tokens, 0);
    end_line(&ids, 0);
    work->out.failed |= tokens.failed || ids.failed || shown.failed;
    buffer_add(&work->out, tokens.data, tokens.size);
    buffer_add(&work->out, ids.data, ids.size);
    buffer_free(&tokens);
    buffer_free(&ids);
    buffer_free(&shown);
}

static bool encode(Work *work, const char *text, size_t size, Error *err) {
    work->valid.size = 0;
    size_t replaced = utf8_replace(&work->valid, text, size);
    if (!buffer_ok(&work->valid, err)) return false;
    work->replaced += replaced;
    work->texts_replaced += replaced > 0;
    int64_t count = cut(work, work->valid.size ? work->valid.data : "", work->valid.size, err);
    if (count < 0) return false;
    if (work->run->settings.json)
        write_json(work, (size_t)count);
    else
        write_table(work, (size_t)count);
    return true;
}

/* ---- ids to text ---- */

static bool decode(Work *work, const char *text, size_t size, Error *err) {
    if (!ids_read(&work->ids, text, size, tokenizer_ids(work->tokenizer), err)) return false;
    Buffer *decoded = &work->valid;
    decoded->size = 0;
    tokenizer_decode(work->tokenizer, decoded, work->ids.items, work->ids.count, work->run->settings.skip_special_tokens);
    if (!buffer_ok(decoded, err)) return false;
    if (work->run->settings.json) {
        JsonWriter writer = json_writer(&work->out, 0);
        json_begin_object(&writer);
        json_write_key(&writer, "text");
        json_write_bytes(&writer, decoded->size ? decoded->data : "", decoded->size);
        json_end_object(&writer);
    } else {
        buffer_add(&work->out, decoded->data, decoded->size);
    }
    buffer_add(&work->out, "\n", 1);
    return true;
}

/* ---- where the texts come from ---- */

enum { READ_AT_ONCE = 1 << 16 }; /* a text up to this takes no memory worth asking for */

/* Bytes that a byte of a text takes as tokens, ids and what is printed: measured on a text of 16 MB. */
static double bytes_each(const Settings *settings) { return settings->level == LEVEL_CHAR ? 72 : settings->level == LEVEL_WORD ? 14 : 24; }

/* Asked when a text is longer than those before: what they took is there. */
static bool check_memory(Work *work, size_t size, Error *err) {
    if (size <= work->longest) return true;
    double more = (double)(size - work->longest) * bytes_each(&work->run->settings);
    work->longest = size;
    return memory_check("tokenizing this text", more / 0x1p20, "cut it", err);
}

static bool take(Work *work, const char *text, size_t size, Error *err) {
    work->out.size = 0;
    work->texts++;
    if (!check_memory(work, size, err)) return false;
    bool ok = work->run->settings.decode ? decode(work, text, size, err) : encode(work, text, size, err);
    return ok && buffer_ok(&work->out, err) && output_add_data(&work->out, err);
}

static bool take_lines(Work *work, const char *path, Error *err) {
    LineReader reader;
    if (!lines_open(&reader, path, err)) return false;
    bool ok = true;
    const char *text = "";
    while (ok && text) {
        size_t size;
        ok = lines_next(&reader, &text, &size, &work->run->observer, err);
        if (!ok || !text) break;
        ok = take(work, text, size, err) || error_prefix(err, "%s:%lld", reader.name, (long long)reader.line);
        if (ok && !lines_waiting(&reader)) ok = output_flush(err);
    }
    lines_close(&reader);
    return ok;
}

static bool take_all(Work *work, Error *err) {
    const TextList *texts = &work->run->options.arguments;
    const char *file = work->run->settings.file;
    if (!file && texts->count == 1 && strcmp(texts->items[0], "-") == 0) file = "-";
    if (file) return take_lines(work, file, err);
    bool ok = true;
    for (int i = 0; i < texts->count && ok; i++) ok = take(work, texts->items[i], strlen(texts->items[i]), err);
    return ok;
}

static bool check_usage(const Run *run, Error *err) {
    const Settings *settings = &run->settings;
    const char *model_for = settings->decode ? "--decode" : settings->level == LEVEL_WORDPIECE ? "--level wordpiece" : NULL;
    if (settings->decode && settings->level != LEVEL_WORDPIECE)
        return FAIL(err, ERROR_USAGE,
                    "--decode goes with --level wordpiece: the ids of other levels mean something within one text only");
    if (model_for && !settings->model)
        return FAIL(err, ERROR_USAGE, "tokenize needs --model for %s   (twofold tokenize --help)", model_for);
    if (settings->file && run->options.arguments.count > 0)
        return FAIL(err, ERROR_USAGE, "tokenize takes texts or --file, found both: '%s'", run->options.arguments.items[0]);
    return settings->file || run->options.arguments.count > 0 ||
           FAIL(err, ERROR_USAGE, "tokenize needs a text, --file F, or - for standard input   (twofold tokenize --help)");
}

static bool load(Work *work, Error *err) {
    const Settings *settings = &work->run->settings;
    if (settings->level != LEVEL_WORDPIECE) return true;
    Path folder;
    if (!model_folder_find(&folder, settings->model, err)) return false;
    work->tokenizer = tokenizer_load(folder.text, err);
    return work->tokenizer != NULL;
}

bool command_tokenize(Run *run, Error *err) {
    Work work = {.run = run, .columns = terminal_columns(1), .longest = READ_AT_ONCE};
    bool ok = check_usage(run, err) && load(&work, err) && take_all(&work, err);
    if (work.replaced)
        terminal_say(&run->terminal, "! %zu invalid UTF-8 sequence%s in %lld text%s replaced by U+FFFD", work.replaced,
                     work.replaced == 1 ? "" : "s", (long long)work.texts_replaced, work.texts_replaced == 1 ? "" : "s");
    tokenizer_free(work.tokenizer);
    encoding_free(&work.encoding);
    levels_free(&work.level);
    buffer_free(&work.valid);
    buffer_free(&work.out);
    free(work.pieces);
    ids_free(&work.ids);
    return ok;
}
