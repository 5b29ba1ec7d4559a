#include "cli/recalled.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"

enum { MOST_WORDS = 256 };

/* ---- the runs ---- */

const char *runs_rows(const Json *record) { return json_string_or(json_get(json_get(record, "data"), "sha256"), ""); }

bool runs_read(Runs *runs, const TextList *folders, Error *err) {
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
        if (strcmp(runs_rows(runs->records[i]), runs_rows(runs->records[0])) != 0)
            return FAIL(err, ERROR_DATA, "%s: other rows than %s (sha256 %.8s… and %.8s…): only runs on the same rows compare",
                        runs->folders[i], runs->folders[0], runs_rows(runs->records[i]), runs_rows(runs->records[0]));
    }
    return true;
}

void runs_free(Runs *runs) {
    for (int i = 0; i < runs->count; i++) json_free(runs->records[i]);
}

/* ---- the settings of the first ---- */

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

bool runs_settings(Settings *settings, Options *options, char **command, const Runs *runs, Error *err) {
    const char *recorded = json_string_or(json_get(runs->records[0], "command"), "");
    char *words[MOST_WORDS];
    *command = mem_copy_text(recorded, strlen(recorded), err);
    if (!*command) return false;
    int count = cut_words(*command, words);
    if (count < 2 || strcmp(words[1], "compare") != 0)
        return FAIL(err, ERROR_DATA, "%s: was made by '%.200s'; give report the runs that it was made of", runs->folders[0],
                    recorded);
    *settings = settings_defaults();
    return options_parse(options, settings_table(), COMMAND_COMPARE, settings, words + 2, count - 2, err) ||
           error_prefix(err, "%s/compare.json: command", runs->folders[0]);
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
    bool done = strcmp(json_string_or(json_get(entry, "status"), ""), "done") == 0;
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
    if (done && !entry_record_key(key, recalled->folders[at].text, err)) return false;
    if (run && is_known(recalled, name, key)) {
        recalled->own[run][find_name(recalled, name)] = name;
        return true;
    }
    if (!choose_name(recalled, runs, run, name, err)) return false;
    recalled->recorded[at] = recalled->folders[at].text;
    recalled->failures[at] = done ? NULL : json_string_or(json_get(entry, "failure"), "it failed, and compare.json does not say why");
    recalled->done += done;
    recalled->run[at] = run;
    recalled->own[run][at] = name;
    spec->name = recalled->names[at];
    recalled->count++;
    return true;
}

bool recalled_read(Recalled *recalled, const Runs *runs, Error *err) {
    for (int run = 0; run < runs->count; run++) {
        const Json *entries = json_get(runs->records[run], "entries");
        for (const Json *entry = json_first(entries); entry; entry = json_next(entry))
            if (!add_entry(recalled, runs, run, entry, err)) return false;
    }
    if (!recalled->done) return FAIL(err, ERROR_DATA, "%s: no entry is done", runs->folders[0]);
    return true;
}

void recalled_free(Recalled *recalled) {
    for (int i = 0; i < MOST_ENTRIES; i++) buffer_free(&recalled->keys[i]);
}
