#include "cli/shown_labels.h"

#include <string.h>

#include "common/utf8.h"

bool shown_labels_make(ShownLabels *shown, char *const *labels, int count, Error *err) {
    *shown = (ShownLabels){.labels = mem_new((size_t)count, sizeof *shown->labels, err)};
    if (!shown->labels) return false;
    for (int i = 0; i < count; i++) {
        escape_terminal(&shown->text, labels[i], strlen(labels[i]));
        buffer_add(&shown->text, "", 1);
    }
    if (!buffer_ok(&shown->text, err)) return false;
    char *at = shown->text.data;
    for (int i = 0; i < count; i++, at += strlen(at) + 1) shown->labels[i] = at;
    return true;
}

void shown_labels_free(ShownLabels *shown) {
    mem_free(shown->labels);
    buffer_free(&shown->text);
}
