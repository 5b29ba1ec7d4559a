/* What reading and writing a model folder agree on. */
#ifndef TWOFOLD_COMPARE_TEXT_MODEL_INSIDE_H
#define TWOFOLD_COMPARE_TEXT_MODEL_INSIDE_H

#define TEXT_MODEL_FILE "twofold.json"
#define TFIDF_FILE "tfidf.txt"

enum { TEXT_MODEL_VERSION = 1 };

/* "kind" in twofold.json: a dummy, a bag of words, a frozen encoder */
extern const char *const text_model_kind_names[3];

#endif
