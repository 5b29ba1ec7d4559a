#include "tests/schema_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Check {
    const Json *root;
    char problem[256];
} Check;

static bool matches(Check *check, const Json *schema, const Json *value, const char *where);

static bool problem(Check *check, const char *where, const char *what) {
    snprintf(check->problem, sizeof check->problem, "%.120s: %.100s", where, what);
    return false;
}

static bool is_type(const Json *value, const char *type) {
    if (strcmp(type, "object") == 0) return json_is_object(value);
    if (strcmp(type, "array") == 0) return json_is_array(value);
    if (strcmp(type, "string") == 0) return json_is_string(value);
    if (strcmp(type, "number") == 0) return json_is_number(value);
    if (strcmp(type, "boolean") == 0) return json_is_bool(value);
    if (strcmp(type, "null") == 0) return json_is_null(value);
    return strcmp(type, "integer") == 0 && json_is_number(value) && fmod(json_number_or(value, 0.5), 1) == 0;
}

static bool has_type(const Json *types, const Json *value) {
    if (json_is_string(types)) return is_type(value, json_string_or(types, ""));
    for (const Json *type = json_first(types); type; type = json_next(type))
        if (is_type(value, json_string_or(type, ""))) return true;
    return false;
}

static bool is_listed(const Json *list, const char *text) {
    for (const Json *item = json_first(list); item; item = json_next(item))
        if (strcmp(json_string_or(item, ""), text) == 0) return true;
    return false;
}

static bool object_matches(Check *check, const Json *schema, const Json *value, const char *where) {
    for (const Json *key = json_first(json_get(schema, "required")); key; key = json_next(key))
        if (!json_get(value, json_string_or(key, ""))) return problem(check, where, json_string_or(key, "?"));
    const Json *rest = json_get(schema, "additionalProperties");
    for (const Json *child = json_first(value); child; child = json_next(child)) {
        const char *key = json_key(child);
        const Json *own = json_get(json_get(schema, "properties"), key);
        if (!own && json_is_bool(rest) && !json_bool_or(rest, true)) return problem(check, key, "is not in the schema");
        if (!own && json_is_object(rest)) own = rest;
        if (own && !matches(check, own, child, key)) return false;
    }
    return true;
}

static bool array_matches(Check *check, const Json *schema, const Json *value, const char *where) {
    int64_t size = json_size(value);
    if (size < json_int_or(json_get(schema, "minItems"), 0)) return problem(check, where, "too few items");
    if (size > json_int_or(json_get(schema, "maxItems"), INT64_MAX)) return problem(check, where, "too many items");
    const Json *items = json_get(schema, "items");
    for (const Json *item = json_first(value); items && item; item = json_next(item))
        if (!matches(check, items, item, where)) return false;
    return true;
}

static bool any_matches(Check *check, const Json *list, const Json *value, const char *where) {
    for (const Json *schema = json_first(list); schema; schema = json_next(schema))
        if (matches(check, schema, value, where)) return true;
    return false; /* the last problem stands */
}

static bool matches(Check *check, const Json *schema, const Json *value, const char *where) {
    const char *reference = json_string_or(json_get(schema, "$ref"), NULL);
    if (reference) schema = json_get(json_get(check->root, "$defs"), reference + strlen("#/$defs/"));
    if (!schema) return problem(check, where, "the schema refers to what it has not");
    const Json *types = json_get(schema, "type"), *list = json_get(schema, "enum"), *any = json_get(schema, "anyOf");
    if (any && !any_matches(check, any, value, where)) return false;
    if (types && !has_type(types, value)) return problem(check, where, "has another type");
    if (list && !is_listed(list, json_string_or(value, ""))) return problem(check, where, "is not one of the schema's values");
    if (json_number_or(value, 0) < json_number_or(json_get(schema, "minimum"), -HUGE_VAL))
        return problem(check, where, "is too low");
    if (json_number_or(value, 0) > json_number_or(json_get(schema, "maximum"), HUGE_VAL))
        return problem(check, where, "is too high");
    if (json_is_object(value)) return object_matches(check, schema, value, where);
    return !json_is_array(value) || array_matches(check, schema, value, where);
}

const char *schema_check(const Json *schema, const Json *value) {
    static Check check;
    check = (Check){.root = schema};
    return matches(&check, schema, value, "(root)") ? NULL : check.problem;
}
