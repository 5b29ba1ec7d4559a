/* Confidence in compare.json, and as tables. */
#include "compare/csv.h"
#include "compare/report_confidence.h"

enum { COVERAGE_EVERY = 5 }; /* points of the curve; the table has all */

static const char *const FORM_NAMES[CONFIDENCE_FORMS] = {"given", "calibrated"};

/* ---- compare.json ---- */

static void write_brier(JsonWriter *json, const BrierParts *parts) {
    json_write_key(json, "brier");
    json_begin_object(json);
    json_put_number(json, "score", parts->brier);
    json_put_number(json, "reliability", parts->reliability);
    json_put_number(json, "resolution", parts->resolution);
    json_put_number(json, "uncertainty", parts->uncertainty);
    json_put_number(json, "within_bins", parts->within);
    json_end_object(json);
}

static void write_measures(JsonWriter *json, const ConfidenceMeasures *m) {
    json_begin_object(json);
    json_put_number(json, "mean_confidence", m->mean);
    json_put_number(json, "ece_equal_width", m->width.ece);
    json_put_number(json, "ece_equal_mass", m->mass.ece);
    json_put_number(json, "mce_equal_width", m->width.mce);
    json_put_number(json, "mce_equal_mass", m->mass.mce);
    json_put_number(json, "log_loss", m->log_loss);
    write_brier(json, &m->brier);
    json_end_object(json);
}

static void write_temperature(JsonWriter *json, const StoredCalibration *t) {
    json_write_key(json, "temperature");
    if (t->fitted)
        json_write_number(json, t->temperature);
    else
        json_write_null(json);
    json_put_int(json, "validation_rows", t->rows);
}

static void write_coverage(JsonWriter *json, const Confidence *confidence) {
    json_write_key(json, "coverage");
    json_begin_array(json);
    for (int p = COVERAGE_EVERY - 1; p < COVERAGE_POINTS; p += COVERAGE_EVERY) {
        const CoveragePoint *point = &confidence->coverage[p];
        json_begin_object(json);
        json_put_number(json, "coverage", point->coverage);
        json_put_number(json, "accuracy", point->accuracy);
        json_put_number(json, "threshold", point->threshold);
        json_end_object(json);
    }
    json_end_array(json);
}

void confidence_write_json(JsonWriter *json, const Confidence *confidence) {
    if (!confidence) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    write_temperature(json, &confidence->temperature);
    for (ConfidenceForm form = CONFIDENCE_GIVEN; form < CONFIDENCE_FORMS; form++) {
        json_write_key(json, FORM_NAMES[form]);
        if (form == CONFIDENCE_CALIBRATED && !confidence->temperature.fitted)
            json_write_null(json);
        else
            write_measures(json, &confidence->of[form]);
    }
    write_coverage(json, confidence);
    json_end_object(json);
}

/* ---- tables ---- */

static int forms_of(const Confidence *confidence) { return confidence->temperature.fitted ? CONFIDENCE_FORMS : 1; }

static void add_calibration_row(Csv *csv, const EntryResult *entry, ConfidenceForm form) {
    const Confidence *c = entry->confidence;
    const ConfidenceMeasures *m = &c->of[form];
    const double numbers[] = {form == CONFIDENCE_GIVEN ? 1 : c->temperature.temperature,
                              c->accuracy,
                              m->mean,
                              m->width.ece,
                              m->mass.ece,
                              m->width.mce,
                              m->mass.mce,
                              m->log_loss,
                              m->brier.brier,
                              m->brier.reliability,
                              m->brier.resolution,
                              m->brier.uncertainty,
                              m->brier.within};
    csv_text(csv, entry->name);
    csv_text(csv, FORM_NAMES[form]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) csv_number(csv, numbers[i]);
    csv_end_row(csv);
}

static void add_bins(Csv *csv, const EntryResult *entry, ConfidenceForm form, const Reliability *reliability, const char *bins) {
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const CalibrationBin *bin = &reliability->bins[i];
        csv_text(csv, entry->name);
        csv_text(csv, FORM_NAMES[form]);
        csv_text(csv, bins);
        csv_number(csv, bin->low);
        csv_number(csv, bin->high);
        csv_count(csv, bin->rows);
        csv_number(csv, bin->confidence);
        csv_number(csv, bin->accuracy);
        csv_end_row(csv);
    }
}

static void add_coverage(Csv *csv, const EntryResult *entry) {
    for (int p = 0; p < COVERAGE_POINTS; p++) {
        const CoveragePoint *point = &entry->confidence->coverage[p];
        csv_text(csv, entry->name);
        csv_number(csv, point->coverage);
        csv_number(csv, point->accuracy);
        csv_number(csv, point->threshold);
        csv_end_row(csv);
    }
}

bool confidence_write_tables(const Comparison *c, const char *folder, Error *err) {
    Csv calibration = csv_begin("entry,probabilities,temperature,accuracy,mean_confidence,ece_equal_width,ece_equal_mass,mce_equal_width,"
                                "mce_equal_mass,log_loss,brier,brier_reliability,brier_resolution,brier_uncertainty,brier_within_bins"),
        reliability = csv_begin("entry,probabilities,bins,low,high,rows,confidence,accuracy"),
        coverage = csv_begin("entry,coverage,accuracy,threshold");
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (entry->status != ENTRY_DONE || !entry->confidence) continue;
        for (int form = 0; form < forms_of(entry->confidence); form++) {
            const ConfidenceMeasures *m = &entry->confidence->of[form];
            add_calibration_row(&calibration, entry, (ConfidenceForm)form);
            add_bins(&reliability, entry, (ConfidenceForm)form, &m->width, "equal_width");
            add_bins(&reliability, entry, (ConfidenceForm)form, &m->mass, "equal_mass");
        }
        add_coverage(&coverage, entry);
    }
    bool written = csv_write(&calibration, folder, "calibration", err);
    written = csv_write(&reliability, folder, "reliability", written ? err : NULL) && written;
    return csv_write(&coverage, folder, "coverage", written ? err : NULL) && written;
}
