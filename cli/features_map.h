/* The half of `twofold features` that writes places in a plane instead of vectors. */
#ifndef TWOFOLD_CLI_FEATURES_MAP_H
#define TWOFOLD_CLI_FEATURES_MAP_H

#include "cli/command.h"
#include "encoder/text_encoder.h"
#include "features/map.h"

/* The vectors of all rows, one map of them (settings.map), and of each part that there is DIR/map.npy and DIR/map.csv, or DIR/train_map.npy … */
MUST_CHECK bool features_map_write(Run *run, const Dataset *dataset, const TextEncoder *encoder, const Tokens *tokens,
                                   const Sha256Hex *model, MapFacts *facts, Error *err);

/* The key "map" of features.json. */
void features_map_describe(JsonWriter *json, const MapOptions *options, const MapFacts *facts);

#endif
