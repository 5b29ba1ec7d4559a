/* The tables of the page as files, uncut and with all digits: every table there names its own (html_begin_table). What lists rows of the data are
 * files of their own elsewhere: audit.csv, differences.csv, and errors.csv and predictions.csv of each entry. */
#include <math.h>
#include <stdio.h>

#include "compare/break_evens.h"
#include "compare/csv.h"
#include "compare/curve.h"
#include "compare/error_facts.h"
#include "compare/facts.h"
#include "compare/report.h"
#include "compare/report_cascade.h"
#include "compare/report_confidence.h"
#include "compare/tuning.h"

static bool is_done(const EntryResult *entry) { return entry->status == ENTRY_DONE; }

/* ---- the entries ---- */

static bool write_entries(const Comparison *c, const char *folder, Error *err) {
    Csv csv =
        csv_begin("entry,kind,source,status,recommended,validation_accuracy,test_accuracy,test_accuracy_low,test_accuracy_high,"
                  "test_f1_macro");
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        bool done = is_done(entry);
        csv_text(&csv, entry->name);
        csv_text(&csv, entry_kind_name(entry->kind));
        csv_text(&csv, entry_source_name(entry->source));
        csv_text(&csv, done ? "done" : "failed");
        csv_count(&csv, i == c->recommendation.deploy);
        csv_number(&csv, done ? entry->scores[SPLIT_VALIDATION].accuracy : (double)NAN);
        csv_number(&csv, done ? entry->scores[SPLIT_TEST].accuracy : (double)NAN);
        csv_interval(&csv, done ? entry_accuracy_interval(entry, SPLIT_TEST) : (Interval){(double)NAN, (double)NAN});
        csv_number(&csv, done ? entry->scores[SPLIT_TEST].f1_macro : (double)NAN);
        csv_end_row(&csv);
    }
    return csv_write(&csv, folder, "entries", err);
}

static bool write_scores(const Comparison *c, const char *folder, Error *err) {
    Csv csv = csv_begin("entry,score,value,low,high");
    for (int i = 0; c->resamples && i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        for (int s = 0; is_done(entry) && s < SCORE_FIELD_COUNT; s++) {
            csv_text(&csv, entry->name);
            csv_text(&csv, SCORE_FIELDS[s].name);
            csv_number(&csv, score_value(&entry->scores[SPLIT_TEST], &SCORE_FIELDS[s]));
            csv_interval(&csv, score_interval(&entry->intervals, SCORE_FIELDS[s].name));
            csv_end_row(&csv);
        }
    }
    return csv_write(&csv, folder, "scores", err);
}

static bool write_seeds(const Comparison *c, const char *folder, Error *err) {
    Csv csv = csv_begin("entry,seed,accuracy,balanced_accuracy,f1_macro,f1_weighted,log_loss"); /* SEED_SCORE_NAMES */
    for (int i = 0; i < c->entry_count; i++)
        for (int r = 0; r < c->entries[i].seeds.count; r++) {
            const SeedRun *run = &c->entries[i].seeds.runs[r];
            char seed[32];
            (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
            csv_text(&csv, c->entries[i].name);
            csv_text(&csv, seed);
            for (int s = 0; s < SEED_SCORES; s++) csv_number(&csv, run->scores[SPLIT_TEST][s]);
            csv_end_row(&csv);
        }
    return csv_write(&csv, folder, "seeds", err);
}

/* ---- pairs ---- */

static void add_pair(Csv *csv, const Comparison *c, const PairResult *pair) {
    csv_text(csv, c->entries[pair->a].name);
    csv_text(csv, c->entries[pair->b].name);
    csv_count(csv, pair->counts.both);
    csv_count(csv, pair->counts.only_a);
    csv_count(csv, pair->counts.only_b);
    csv_count(csv, pair->counts.neither);
    csv_number(csv, pair->mcnemar.log10_p);
    csv_number(csv, pair->mcnemar.log10_mid_p);
    csv_number(csv, pair->log10_holm);
    for (int s = 0; s < PAIR_SCORES; s++) {
        const PairDifference *d = &pair->differences[s];
        bool known = c->resamples && !isnan(d->value);
        csv_number(csv, known ? d->value : (double)NAN);
        csv_interval(csv, known ? d->interval : (Interval){(double)NAN, (double)NAN});
        csv_number(csv, known ? d->permutation_p : (double)NAN);
    }
    csv_number(csv, pair->clean.rows_needed);
    csv_end_row(csv);
}

static bool write_pairs(const Comparison *c, const char *folder, Error *err) {
    Csv csv = csv_begin("first,second,both_right,only_first,only_second,neither,mcnemar_log10_p,mcnemar_log10_mid_p,holm_log10_p,"
                        "accuracy,accuracy_low,accuracy_high,accuracy_permutation_p,"
                        "f1_macro,f1_macro_low,f1_macro_high,f1_macro_permutation_p,"
                        "f1_weighted,f1_weighted_low,f1_weighted_high,f1_weighted_permutation_p,"
                        "log_loss,log_loss_low,log_loss_high,log_loss_permutation_p,test_texts_needed"); /* PAIR_SCORE_NAMES */
    for (int i = 0; i < c->pair_count; i++) add_pair(&csv, c, &c->pairs[i]);
    return csv_write(&csv, folder, "pairs", err);
}

/* ---- classes ---- */

static bool write_class_rows(const Comparison *c, const char *folder, Error *err) {
    const Dataset *d = c->dataset;
    size_t classes = (size_t)d->classes;
    int64_t *counts = mem_new(classes * SPLIT_COUNT, sizeof *counts, err);
    if (!counts) return false;
    Csv csv = csv_begin("class,train,validation,test");
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        dataset_count_classes(d, split, counts + (size_t)split * classes);
    for (size_t k = 0; k < classes; k++) {
        csv_text(&csv, d->class_names[k]);
        for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) csv_count(&csv, counts[(size_t)split * classes + k]);
        csv_end_row(&csv);
    }
    mem_free(counts);
    return csv_write(&csv, folder, "class_rows", err);
}

static bool write_class_scores(const Comparison *c, const char *folder, Error *err) {
    Csv csv = csv_begin("entry,class,test_texts,precision,recall,f1,roc_auc");
    for (int i = 0; i < c->entry_count; i++)
        for (int k = 0; is_done(&c->entries[i]) && k < c->dataset->classes; k++) {
            const ClassScores *scores = &c->entries[i].scores[SPLIT_TEST].per_class[k];
            csv_text(&csv, c->entries[i].name);
            csv_text(&csv, c->dataset->class_names[k]);
            csv_count(&csv, scores->support);
            csv_number(&csv, scores->precision);
            csv_number(&csv, scores->recall);
            csv_number(&csv, scores->f1);
            csv_number(&csv, scores->roc_auc);
            csv_end_row(&csv);
        }
    return csv_write(&csv, folder, "class_scores", err);
}

enum { CONFUSIONS_MOST = 10000 }; /* an entry; metrics.json has the matrix */

static bool write_confusions(const Comparison *c, const char *folder, Error *err) {
    FactConfusion *list = mem_new(CONFUSIONS_MOST, sizeof *list, err);
    if (!list) return false;
    Csv csv = csv_begin("entry,label,answer,texts,share_of_label");
    for (int i = 0; i < c->entry_count; i++) {
        if (!is_done(&c->entries[i])) continue;
        const Confusion *confusion = &c->entries[i].scores[SPLIT_TEST].confusion;
        int count = facts_confusions(list, CONFUSIONS_MOST, confusion);
        for (int m = 0; m < count; m++) {
            csv_text(&csv, c->entries[i].name);
            csv_text(&csv, c->dataset->class_names[list[m].truth]);
            csv_text(&csv, c->dataset->class_names[list[m].predicted]);
            csv_count(&csv, list[m].count);
            csv_number(&csv, confusion_share(confusion, list[m].truth, list[m].predicted, CONFUSION_BY_TRUE));
            csv_end_row(&csv);
        }
    }
    mem_free(list);
    return csv_write(&csv, folder, "confusions", err);
}

/* ---- the rows of the data ---- */

static void add_counts(Csv *csv, const char *what, const char *in, const int counts[SPLIT_COUNT]) {
    csv_text(csv, what);
    csv_text(csv, in);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) csv_count(csv, counts[split]);
    csv_end_row(csv);
}

static void add_leaks(Csv *csv, const char *what, const char *otherwise_what, const int leaks[SPLIT_COUNT][SPLIT_COUNT],
                      const int otherwise[SPLIT_COUNT][SPLIT_COUNT]) {
    for (Split earlier = SPLIT_TRAIN; earlier < SPLIT_TEST; earlier++) {
        int in[SPLIT_COUNT] = {0}, other[SPLIT_COUNT] = {0};
        for (Split split = earlier + 1; split < SPLIT_COUNT; split++) {
            in[split] = leaks[split][earlier];
            other[split] = otherwise[split][earlier];
        }
        add_counts(csv, what, split_name(earlier), in);
        add_counts(csv, otherwise_what, split_name(earlier), other);
    }
}

static bool write_audit_counts(const Comparison *c, const char *folder, Error *err) {
    const Audit *audit = &c->audit;
    int rows[SPLIT_COUNT];
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) rows[split] = c->dataset->splits[split].count;
    Csv csv = csv_begin("rows,also_in,train,validation,test");
    add_counts(&csv, "all", "", rows);
    add_counts(&csv, "duplicates", "", audit->duplicates);
    add_counts(&csv, "normalized_duplicates", "", audit->normalized.duplicates);
    add_counts(&csv, "near_duplicates", "", audit->near.duplicates);
    add_counts(&csv, "texts_with_several_labels", "", audit->conflicts);
    add_counts(&csv, "empty", "", audit->empty);
    add_leaks(&csv, "leaks", "leaks_with_another_label", audit->leaks, audit->leaks_otherwise);
    add_leaks(&csv, "normalized_leaks", "normalized_leaks_with_another_label", audit->normalized.leaks,
              audit->normalized.leaks_otherwise);
    add_leaks(&csv, "near_leaks", "near_leaks_with_another_label", audit->near.leaks, audit->near.leaks_otherwise);
    return csv_write(&csv, folder, "audit_counts", err);
}

static bool write_without_leaks(const Comparison *c, const char *folder, Error *err) {
    Csv csv = csv_begin("entry,test_accuracy,without_equal,without_near");
    for (int i = 0; i < c->entry_count; i++) {
        if (!is_done(&c->entries[i])) continue;
        csv_text(&csv, c->entries[i].name);
        csv_number(&csv, c->entries[i].scores[SPLIT_TEST].accuracy);
        csv_number(&csv, facts_accuracy_without(c, i, AUDIT_LEAK | AUDIT_NORMALIZED_LEAK));
        csv_number(&csv, facts_accuracy_without(c, i, AUDIT_ANY_LEAK));
        csv_end_row(&csv);
    }
    return csv_write(&csv, folder, "without_leaks", err);
}

static void add_parts(Csv *csv, const Comparison *c, const Slices *slices) {
    int entries = c->errors->entries;
    for (int part = 0; part < slices->count; part++)
        for (int i = 0; i < entries; i++) {
            if (!is_done(&c->entries[i])) continue;
            int64_t right = slices->right[part * entries + i];
            csv_text(csv, slices->what);
            csv_text(csv, slices->names[part]);
            csv_count(csv, slices->rows[part]);
            csv_text(csv, c->entries[i].name);
            csv_count(csv, right);
            csv_number(csv, (double)right / slices->rows[part]);
            csv_end_row(csv);
        }
}

static bool write_parts(const Comparison *c, const char *folder, Error *err) {
    Csv csv = csv_begin("by,part,test_texts,entry,right,accuracy");
    if (c->errors) {
        add_parts(&csv, c, &c->errors->by_length);
        add_parts(&csv, c, &c->errors->by_column);
    }
    return csv_write(&csv, folder, "parts", err);
}

static bool write_words(const Comparison *c, const char *folder, Error *err) {
    Csv csv = csv_begin("entry,word,mistakes_with_it,right_with_it,z");
    for (int i = 0; c->errors && i < c->errors->entries; i++)
        for (int m = 0; m < c->errors->mark_counts[i]; m++) {
            const MarkedWord *mark = &c->errors->marks[i * MOST_MARKS + m];
            csv_text(&csv, c->entries[i].name);
            csv_text(&csv, mark->word);
            csv_count(&csv, mark->wrong);
            csv_count(&csv, mark->right);
            csv_number(&csv, mark->z);
            csv_end_row(&csv);
        }
    return csv_write(&csv, folder, "words", err);
}

/* ---- how it was made ---- */

static bool write_curve(const Comparison *c, const char *folder, Error *err) {
    const LearningCurve *curve = c->curve;
    Csv csv =
        csv_begin("entry,share,training_texts,validation_accuracy,test_accuracy,test_accuracy_low,test_accuracy_high,seconds");
    for (int i = 0; curve && i < curve->count; i++)
        for (int s = 0; s < curve->share_count; s++) {
            const CurvePoint *p = &curve->entries[i].points[s];
            if (!p->done) continue;
            csv_text(&csv, c->entries[curve->entries[i].entry].name);
            csv_number(&csv, curve->shares[s]);
            csv_count(&csv, p->rows);
            csv_number(&csv, p->validation_accuracy);
            csv_number(&csv, (double)p->right / p->asked);
            csv_interval(&csv, wilson_interval(p->right, p->asked, 0.95));
            csv_number(&csv, p->seconds);
            csv_end_row(&csv);
        }
    return csv_write(&csv, folder, "learning_curve", err);
}

static bool write_tuning(const Comparison *c, const char *folder, Error *err) {
    Csv csv = csv_begin("entry,round,settings,chosen,training_texts,validation_accuracy,validation_loss,accuracy_by_C,seconds");
    for (int i = 0; c->tuning && i < c->tuning->count; i++) {
        const TuningTrial *trial = &c->tuning->trials[i];
        if (!trial->done) continue;
        Buffer settings = {0};
        tuning_describe(&settings, trial);
        csv_text(&csv, trial->name);
        csv_count(&csv, trial->round + 1);
        csv_text(&csv, settings.data ? settings.data : "");
        csv_count(&csv, trial == tuning_chosen(c->tuning, trial->entry));
        csv_count(&csv, trial->rows);
        csv_number(&csv, trial->accuracy);
        csv_number(&csv, trial->loss);
        settings.size = 0;
        for (int k = 0; trial->C_tried && k < c->tuning->C_count; k++) {
            char number[32], accuracy[32];
            number_text(number, c->tuning->C[k]);
            number_text(accuracy, trial->C_accuracy[k]);
            buffer_printf(&settings, "%s%s: %s", k ? "; " : "", number, accuracy);
        }
        csv_text(&csv, settings.size ? settings.data : "");
        csv_number(&csv, trial->seconds);
        csv_end_row(&csv);
        csv.text.failed |= settings.failed;
        buffer_free(&settings);
    }
    return csv_write(&csv, folder, "tuning", err);
}

static bool write_maps(const Comparison *c, const char *folder, Error *err) {
    static const char *const SIDES[MAP_SIDES] = {"frozen", "fine-tuned"};
    Csv csv =
        csv_begin("encoder,entry,same_label_vectors,same_label_umap,same_label_pca,trustworthiness_umap,trustworthiness_pca");
    for (int i = 0; i < MAP_SIDES; i++) {
        const MapSide *side = &c->maps.sides[i];
        if (!side->made) continue;
        csv_text(&csv, SIDES[i]);
        csv_text(&csv, side->entry);
        csv_number(&csv, side->nearest_label);
        csv_number(&csv, side->maps[1].nearest_label);
        csv_number(&csv, side->maps[0].nearest_label);
        csv_number(&csv, side->maps[1].trustworthiness);
        csv_number(&csv, side->maps[0].trustworthiness);
        csv_end_row(&csv);
    }
    return csv_write(&csv, folder, "maps", err);
}

bool report_write_tables(const Comparison *c, const char *folder, Error *err) {
    return write_entries(c, folder, err) && write_scores(c, folder, err) && write_seeds(c, folder, err) &&
           write_pairs(c, folder, err) && write_class_rows(c, folder, err) && write_class_scores(c, folder, err) &&
           write_confusions(c, folder, err) && write_audit_counts(c, folder, err) && write_without_leaks(c, folder, err) &&
           write_parts(c, folder, err) && write_words(c, folder, err) && write_curve(c, folder, err) &&
           write_tuning(c, folder, err) && write_maps(c, folder, err) && confidence_write_tables(c, folder, err) &&
           cascades_write_tables(c, folder, err) && costs_write_tables(c, folder, err);
}
