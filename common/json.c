#include "common/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/memory.h"
#include "common/utf8.h"

/* cJSON says of a parse that failed where it stopped, not why: text that is wrong, or memory that was not there. */
static _Thread_local bool out_of_memory;

static void *take(size_t size) {
    void *block = malloc(size);
    if (!block) out_of_memory = true;
    return block;
}

static void hook_cjson(void) { cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = take, .free_fn = free}); }

static int line_of(const char *text, const char *at) {
    int line = 1;
    for (const char *c = text; c < at; c++) line += *c == '\n';
    return line;
}

/* ---- keys that stand twice ---- */

static int by_key(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Puts a key that an object has twice into *twice. False for want of memory. */
static bool find_twice(const Json *object, const char **twice, Error *err) {
    size_t count = 0;
    for (const Json *child = object->child; child; child = child->next) count++;
    const char **keys = mem_new(count, sizeof *keys, err);
    if (!keys) return false;
    count = 0;
    for (const Json *child = object->child; child; child = child->next) keys[count++] = child->string;
    qsort(keys, count, sizeof *keys, by_key);
    for (size_t i = 1; i < count && !*twice; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0) *twice = keys[i];
    mem_free(keys);
    return true;
}

/* Two readers may believe two different ones (cJSON the first, Python the last). The depth is the parser's: at most 1,000. */
static bool check_keys(const Json *json, const char *where, ErrorKind kind, Error *err) {
    const char *twice = NULL;
    if (cJSON_IsObject(json) && json->child && json->child->next && !find_twice(json, &twice, err)) return false;
    if (twice) return FAIL(err, kind, "%s: key '%.80s' stands twice in one object", where, twice);
    for (const Json *child = json->child; child; child = child->next)
        if (child->child && !check_keys(child, where, kind, err)) return false;
    return true;
}

/* ---- documents ---- */

static Json *parse(const char *text, size_t size, const char *where, ErrorKind kind, Error *err) {
    const char *stopped = text;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        size -= 3;
    }
    size_t valid = utf8_valid_prefix(text, size);
    if (valid < size) {
        FAIL(err, kind, "%s:%d: not UTF-8", where, line_of(text, text + valid));
        return NULL;
    }
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, hook_cjson);
    out_of_memory = false;
    cJSON *json = size ? cJSON_ParseWithLengthOpts(text, size, &stopped, 0) : NULL;
    if (!json && out_of_memory) {
        FAIL(err, ERROR_FAILED, "%s: out of memory while reading %.1f MB of JSON", where, (double)size / 1e6);
        return NULL;
    }
    if (!json) {
        FAIL(err, kind, "%s:%d: not valid JSON", where, size ? line_of(text, stopped) : 1);
        return NULL;
    }
    for (; stopped < text + size; stopped++) {
        if (strchr(" \t\r\n", *stopped) && *stopped) continue;
        FAIL(err, kind, "%s:%d: text after the end of the JSON value", where, line_of(text, stopped));
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

Json *json_parse(const char *text, size_t size, const char *where, ErrorKind kind, Error *err) {
    Json *json = parse(text, size, where, kind, err);
    if (!json || check_keys(json, where, kind, err)) return json;
    cJSON_Delete(json);
    return NULL;
}

Json *json_parse_file(const char *path, ErrorKind kind, Error *err) {
    FileMap map;
    if (!file_map(&map, path, kind, err)) return NULL;
    Json *json = json_parse((const char *)map.data, map.size, path, kind, err);
    file_unmap(&map);
    return json;
}

bool json_parse_left(Json **json, const char *path, Error *err) {
    FileMap map;
    Error damage = {0};
    *json = NULL;
    if (!file_exists(path)) return true;
    if (!file_map(&map, path, ERROR_PATH, err)) return false;
    *json = json_parse((const char *)map.data, map.size, path, ERROR_DATA, &damage);
    file_unmap(&map);
    return *json || error_is_damage(&damage, err);
}

void json_free(Json *json) { cJSON_Delete(json); }

const Json *json_get(const Json *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }
const Json *json_first(const Json *container) { return container ? container->child : NULL; }
const Json *json_next(const Json *child) { return child->next; }
const char *json_key(const Json *child) { return child->string; }
int json_size(const Json *container) { return cJSON_GetArraySize(container); }

bool json_is_object(const Json *json) { return cJSON_IsObject(json); }
bool json_is_array(const Json *json) { return cJSON_IsArray(json); }
bool json_is_string(const Json *json) { return cJSON_IsString(json); }
bool json_is_number(const Json *json) { return cJSON_IsNumber(json); }
bool json_is_bool(const Json *json) { return cJSON_IsBool(json); }
bool json_is_null(const Json *json) { return !json || cJSON_IsNull(json); }

const char *json_string_or(const Json *json, const char *fallback) { return cJSON_IsString(json) ? json->valuestring : fallback; }
double json_number_or(const Json *json, double fallback) { return cJSON_IsNumber(json) ? json->valuedouble : fallback; }
double json_finite_or(const Json *json, double fallback) {
    double value = json_number_or(json, fallback);
    return isfinite(value) ? value : fallback;
}
bool json_bool_or(const Json *json, bool fallback) { return cJSON_IsBool(json) ? cJSON_IsTrue(json) != 0 : fallback; }

int64_t json_int_or(const Json *json, int64_t fallback) {
    double value = json_number_or(json, nan(""));
    return fabs(value) <= 0x1p53 && value == floor(value) ? (int64_t)value : fallback;
}

const char *json_library(void) { return cJSON_Version(); }
