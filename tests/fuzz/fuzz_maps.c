/* maps/maps.json, then maps/coordinates.npy, for three test rows. The first byte: 1: whatever key they have; 2 and 4: how many rows and
 * columns stand in the place of an empty coordinates.npy. What is found is written as what is found again. */
#include <math.h>

#include "common/utf8.h"
#include "compare/maps.h"
#include "features/npy.h"
#include "tests/fuzz/fuzz.h"

enum { ROWS = 3, COLUMNS = 8 };

static void put_coordinates(int rows, int columns) {
    float values[ROWS * COLUMNS];
    for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = (float)i / 8;
    Features features = {.rows = rows, .channels = columns, .values = values};
    FUZZ_CHECK(npy_write_features(fuzz_path("maps/coordinates.npy"), &features, NULL));
}

static void check_maps(const Maps *maps) {
    FUZZ_CHECK(maps->all == ROWS && maps->rows >= 0 && maps->rows <= ROWS && strlen(maps->key.text) < sizeof maps->key.text);
    for (int r = 0; r < maps->rows; r++) FUZZ_CHECK(maps->test[r] >= 0 && maps->test[r] < ROWS && (!r || maps->test[r] > maps->test[r - 1]));
    for (int s = 0; s < MAP_SIDES; s++) {
        const MapSide *side = &maps->sides[s];
        size_t size = strlen(side->entry);
        FUZZ_CHECK(utf8_valid_prefix(side->entry, size) == size);
        for (int m = 0; side->made && m < 2; m++) {
            FUZZ_CHECK(side->maps[m].places.rows == maps->rows && side->maps[m].places.channels == 2);
            for (int v = 0; v < 2 * maps->rows; v++) FUZZ_CHECK(isfinite(side->maps[m].places.values[v]));
        }
    }
}

static void check_same(const Maps *a, const Maps *b) {
    FUZZ_CHECK(a->rows == b->rows && strcmp(a->key.text, b->key.text) == 0);
    for (int s = 0; s < MAP_SIDES; s++) {
        FUZZ_CHECK(a->sides[s].made == b->sides[s].made && strcmp(a->sides[s].entry, b->sides[s].entry) == 0);
        for (int m = 0; a->rows && a->sides[s].made && m < 2; m++)
            FUZZ_CHECK(memcmp(a->sides[s].maps[m].places.values, b->sides[s].maps[m].places.values, 2 * (size_t)a->rows * sizeof(float)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int test[ROWS] = {0, 1, 2};
    int32_t labels[ROWS] = {0, 1, 0}, file[ROWS] = {0};
    int64_t lines[ROWS] = {2, 3, 4};
    char *classes[] = {(char[]){"a,b"}, (char[]){"c"}}, *files[] = {(char[]){"rows.csv"}};
    Dataset dataset = {.rows = ROWS, .classes = 2, .files = 1, .labels = labels, .file = file, .line = lines, .class_names = classes, .file_names = files,
                       .splits = {[SPLIT_TEST] = {test, ROWS}}};
    const Sha256Hex key = {"k"};
    Bytes input = {data, size};
    unsigned how = fuzz_byte(&input);
    Maps maps = {.rows = 0}, again = {.rows = 0};
    Error err = {0};
    bool found = true;
    FUZZ_CHECK(folder_make(fuzz_path("maps"), NULL));
    (void)fuzz_put("maps/maps.json", fuzz_part(&input));
    (void)fuzz_put("maps/coordinates.npy", input);
    if (!input.size) put_coordinates(how & 2 ? 2 : ROWS, how & 4 ? 4 : COLUMNS);
    if (!maps_load(&maps, &dataset, how & 1 ? NULL : &key, fuzz_folder(), &found, &err)) fuzz_check_error(&err);
    FUZZ_CHECK(!err.kind || !found);
    if (found) {
        check_maps(&maps);
        FUZZ_CHECK(maps_save(&maps, &dataset, fuzz_folder(), &err));
        FUZZ_CHECK(maps_load(&again, &dataset, &maps.key, fuzz_folder(), &found, &err));
        if (maps.rows && maps_has(&maps)) {
            FUZZ_CHECK(found);
            check_same(&maps, &again);
        }
    } else
        FUZZ_CHECK(!maps.test && !maps_has(&maps));
    maps_free(&maps);
    maps_free(&again);
    return 0;
}
