/* Is a document what its JSON Schema says? Knows the words that this project's schemas use. */
#ifndef TWOFOLD_TESTS_SCHEMA_CHECK_H
#define TWOFOLD_TESTS_SCHEMA_CHECK_H

#include "common/json.h"

/* NULL when it is; else what is wrong, with the key. Borrowed until the next call. */
const char *schema_check(const Json *schema, const Json *value);

#endif
