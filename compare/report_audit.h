/* The audit, as compare.json holds it (docs/FORMATS.md). */
#ifndef TWOFOLD_COMPARE_REPORT_AUDIT_H
#define TWOFOLD_COMPARE_REPORT_AUDIT_H

#include "common/json.h"
#include "compare/comparison.h"

/* Writes the value of "audit". */
void report_write_audit_json(JsonWriter *json, const Comparison *comparison);

#endif
