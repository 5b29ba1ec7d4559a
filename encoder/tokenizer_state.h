/* What a Tokenizer is made of: shared by the file that loads it and the file that runs it, and by nobody else. */
#ifndef TWOFOLD_ENCODER_TOKENIZER_STATE_H
#define TWOFOLD_ENCODER_TOKENIZER_STATE_H

#include "encoder/added.h"
#include "encoder/normalizer.h"
#include "encoder/tokenizer.h"
#include "encoder/vocabulary.h"

enum { WORD_CHARACTERS_MAX = 100 }; /* a longer word is [UNK] */

/* What a byte of raw text is for the words. */
typedef enum ByteClass { BYTE_LETTER, BYTE_ALONE, BYTE_SPACE, BYTE_DROP, BYTE_HIGH } ByteClass;

struct Tokenizer {
    Vocabulary vocabulary;
    Normalizer normalizer;
    AddedSet raw;        /* found in the text as it is */
    AddedSet normalized; /* found behind normalisation */
    AddedSet contents;   /* all of them, by the text they have in the files */
    bool *special;       /* (ids) */
    int32_t cls, sep, pad, unk, mask;
    int max_length;
    bool truncate_left;
    bool clean_up_spaces;       /* clean_up_tokenization_spaces */
    unsigned char classes[256]; /* ByteClass */
    int32_t alone_ids[128];     /* the id of an ASCII character that is a word by itself */
};

#endif
