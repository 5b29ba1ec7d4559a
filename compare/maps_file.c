/* Maps in a run's folder: for people, for programs, and for the next command on the same folder. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "common/utf8.h"
#include "compare/maps.h"
#include "features/npy.h"

enum { VERSION = 1 };

static const char *const SIDES[MAP_SIDES] = {"frozen", "fine_tuned"};
static const char *const METHODS[2] = {"pca", "umap"};

static int maps_count(const Maps *maps) { return 2 * (maps->sides[MAP_FROZEN].made + maps->sides[MAP_TUNED].made); }

/* ---- written ---- */

/* (rows, 2 a map): frozen before fine-tuned, PCA before UMAP, x before y. */
static bool coordinates_join(Features *out, const Maps *maps, Error *err) {
    if (!features_make(out, maps->rows, 2 * maps_count(maps), err)) return false;
    int column = 0;
    for (int side = 0; side < MAP_SIDES; side++)
        for (int m = 0; maps->sides[side].made && m < 2; m++, column += 2)
            for (int r = 0; r < maps->rows; r++)
                memcpy(out->values + (size_t)r * (size_t)out->channels + column,
                       maps->sides[side].maps[m].places.values + 2 * (size_t)r, 2 * sizeof(float));
    return true;
}

static bool write_table(const Maps *maps, const Features *coordinates, const Dataset *dataset, const char *path, Error *err) {
    Buffer out = {0};
    const RowList *list = &dataset->splits[SPLIT_TEST];
    buffer_text(&out, "id,label");
    for (int side = 0; side < MAP_SIDES; side++)
        for (int m = 0; maps->sides[side].made && m < 2; m++)
            buffer_printf(&out, ",%s_%s_x,%s_%s_y", SIDES[side], METHODS[m], SIDES[side], METHODS[m]);
    buffer_text(&out, "\n");
    for (int r = 0; r < maps->rows; r++) {
        Buffer id = {0};
        int row = list->rows[maps->test[r]];
        const char *label = dataset->class_names[dataset->labels[row]];
        dataset_add_id(&id, dataset, row);
        escape_csv(&out, id.data ? id.data : "", id.size);
        buffer_text(&out, ",");
        escape_csv(&out, label, strlen(label));
        for (int c = 0; c < coordinates->channels; c++) {
            char number[32];
            number_text(number, (double)coordinates->values[(size_t)r * (size_t)coordinates->channels + (size_t)c]);
            buffer_printf(&out, ",%s", number);
        }
        buffer_text(&out, "\n");
        out.failed |= id.failed;
        buffer_free(&id);
    }
    bool good = file_write_buffer(path, &out, err);
    buffer_free(&out);
    return good;
}

static void write_side(JsonWriter *json, const MapSide *side) {
    json_begin_object(json);
    json_put_string(json, "entry", side->entry);
    json_put_number(json, "nearest_label", side->nearest_label);
    for (int m = 0; m < 2; m++) {
        const TextMap *map = &side->maps[m];
        json_write_key(json, METHODS[m]);
        json_begin_object(json);
        json_put_number(json, "trustworthiness", map->trustworthiness);
        json_put_number(json, "nearest_label", map->nearest_label);
        json_put_number(json, "variance_x", map->variance[0]);
        json_put_number(json, "variance_y", map->variance[1]);
        json_end_object(json);
    }
    json_end_object(json);
}

static bool write_note(const Maps *maps, const char *path, Error *err) {
    Buffer out = {0};
    JsonWriter json = json_writer(&out, 1);
    json_begin_object(&json);
    json_put_int(&json, "version", VERSION);
    json_put_string(&json, "key", maps->key.text);
    json_put_int(&json, "test_rows", maps->all);
    for (int side = 0; side < MAP_SIDES; side++) {
        json_write_key(&json, SIDES[side]);
        if (maps->sides[side].made)
            write_side(&json, &maps->sides[side]);
        else
            json_write_null(&json);
    }
    json_write_key(&json, "rows");
    json_begin_array(&json);
    for (int r = 0; r < maps->rows; r++) json_write_int(&json, maps->test[r]);
    json_end_array(&json);
    json_end_object(&json);
    buffer_text(&out, "\n");
    bool good = file_write_buffer(path, &out, err);
    buffer_free(&out);
    return good;
}

bool maps_save(const Maps *maps, const Dataset *dataset, const char *folder, Error *err) {
    Path home, note, values, table;
    Features coordinates = {0};
    bool good = path_make(&home, err, "%s/maps", folder) && path_make(&note, err, "%s/maps.json", home.text) &&
                path_make(&values, err, "%s/coordinates.npy", home.text) && path_make(&table, err, "%s/maps.csv", home.text) &&
                folder_remove(home.text, err) && folder_make(home.text, err) && coordinates_join(&coordinates, maps, err) &&
                npy_write_features(values.text, &coordinates, err) && write_table(maps, &coordinates, dataset, table.text, err) &&
                write_note(maps, note.text, err);
    features_free(&coordinates);
    return good;
}

/* ---- read ---- */

static double number_at(const Json *json, const char *key) { return json_finite_or(json_get(json, key), (double)NAN); }

static bool read_rows(Maps *maps, const Json *note, Error *err) {
    const Json *rows = json_get(note, "rows");
    int count = json_is_array(rows) ? json_size(rows) : 0;
    maps->test = mem_new((size_t)count, sizeof *maps->test, err);
    if (!maps->test) return false;
    for (const Json *row = json_first(rows); row; row = json_next(row)) {
        int64_t i = json_int_or(row, -1);
        if (i < 0 || i >= maps->all || (maps->rows && i <= maps->test[maps->rows - 1]))
            break; /* and then the shape does not fit */
        maps->test[maps->rows++] = (int32_t)i;
    }
    return true;
}

static bool read_side(MapSide *side, const Json *json, const Features *coordinates, int *column, Error *err) {
    if (!json_is_object(json)) return true;
    if (*column + 4 > coordinates->channels) return FAIL(err, ERROR_DATA, "too few columns");
    utf8_copy(side->entry, sizeof side->entry, json_string_or(json_get(json, "entry"), ""));
    side->nearest_label = number_at(json, "nearest_label");
    for (int m = 0; m < 2; m++, *column += 2) {
        TextMap *map = &side->maps[m];
        const Json *note = json_get(json, METHODS[m]);
        if (!features_make(&map->places, coordinates->rows, 2, err)) return false;
        for (int r = 0; r < coordinates->rows; r++)
            memcpy(map->places.values + 2 * (size_t)r, coordinates->values + (size_t)r * (size_t)coordinates->channels + *column,
                   2 * sizeof(float));
        map->trustworthiness = number_at(note, "trustworthiness");
        map->nearest_label = number_at(note, "nearest_label");
        map->variance[0] = number_at(note, "variance_x");
        map->variance[1] = number_at(note, "variance_y");
    }
    side->made = true;
    return true;
}

static bool read_all(Maps *maps, const Json *note, const char *values, Error *err) {
    Features coordinates = {0};
    int column = 0;
    bool good = read_rows(maps, note, err) && npy_read_features(&coordinates, values, err) &&
                (coordinates.rows == maps->rows || FAIL(err, ERROR_DATA, "other rows"));
    FeatureView view = features_view(&coordinates);
    good = good && feature_view_check(&view, err);
    for (int side = 0; good && side < MAP_SIDES; side++)
        good = read_side(&maps->sides[side], json_get(note, SIDES[side]), &coordinates, &column, err);
    features_free(&coordinates);
    return good;
}

bool maps_load(Maps *maps, const Dataset *dataset, const Sha256Hex *key, const char *folder, bool *found, Error *err) {
    Path note_path, values;
    *found = false;
    if (!path_make(&note_path, err, "%s/maps/maps.json", folder) || !path_make(&values, err, "%s/maps/coordinates.npy", folder))
        return false;
    if (!file_exists(note_path.text)) return true;
    Json *note;
    Error damage = {0};
    if (!json_parse_left(&note, note_path.text, err)) return false;
    const char *recorded = json_string_or(json_get(note, "key"), "");
    *maps = (Maps){.all = dataset->splits[SPLIT_TEST].count};
    utf8_copy(maps->key.text, sizeof maps->key.text, recorded);
    *found = note && json_int_or(json_get(note, "version"), 0) == VERSION &&
             json_int_or(json_get(note, "test_rows"), -1) == maps->all && (!key || strcmp(recorded, key->text) == 0) &&
             read_all(maps, note, values.text, &damage);
    json_free(note);
    if (!*found) maps_free(maps);
    return damage.kind == ERROR_NONE || error_is_damage(&damage, err);
}
