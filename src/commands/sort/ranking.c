#include "commands/sort/ranking.h"

#include "foundation/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void ranking_destroy(struct ranking *ranking) {
    buffer_destroy(&ranking->bytes);
    mem_free(ranking->elements);
}

void ranking_add(struct ranking *ranking, struct bytes text) {
    if (ranking->count == ranking->cap) {
        ranking->cap = ranking->cap == 0 ? 16 : ranking->cap * 2;
        ranking->elements =
            mem_realloc(ranking->elements, ranking->cap * sizeof(*ranking->elements));
    }
    ranking->elements[ranking->count++] =
        (struct ranked){.text_start = ranking->bytes.len, .text_len = text.len};
    buffer_append_bytes(&ranking->bytes, text);
}

/* There is no buffer while every text is empty. */
static struct bytes view(const struct ranking *ranking, size_t start, size_t len) {
    return len == 0 ? BYTES("") : bytes_of(ranking->bytes.data + start, len);
}

struct bytes ranking_text(const struct ranking *ranking, size_t index) {
    const struct ranked *element = &ranking->elements[index];
    return view(ranking, element->text_start, element->text_len);
}

/* --- weights --- */

void ranking_weigh_alpha(struct ranking *ranking, size_t index, struct bytes weight) {
    struct ranked *element = &ranking->elements[index];
    element->has_weight = true;
    element->weight_start = ranking->bytes.len;
    element->weight_len = weight.len;
    buffer_append_bytes(&ranking->bytes, weight);
}

/* `text` ends with a NUL. */
static bool parse_score(const char *text, double *score) {
    char *end;
    errno = 0;
    *score = strtod(text, &end);
    return *end == '\0' && errno != ERANGE && !isnan(*score);
}

bool ranking_weigh_number(struct ranking *ranking, size_t index, struct bytes weight) {
    enum { SHORT_MAX = 63 };
    struct ranked *element = &ranking->elements[index];
    element->has_weight = true;
    if (weight.len <= SHORT_MAX) {
        char text[SHORT_MAX + 1];
        if (weight.len != 0) memcpy(text, weight.data, weight.len);
        text[weight.len] = '\0';
        return parse_score(text, &element->score);
    }
    char *copy = mem_dup(weight.data, weight.len);
    bool is_number = parse_score(copy, &element->score);
    mem_free(copy);
    return is_number;
}

/* --- order --- */

static int compare_texts(const struct ranking *ranking, const struct ranked *a,
                         const struct ranked *b) {
    return bytes_compare(view(ranking, a->text_start, a->text_len),
                         view(ranking, b->text_start, b->text_len));
}

static int compare_weights(const struct ranking *ranking, const struct ranked *a,
                           const struct ranked *b) {
    if (!ranking->is_alpha) return (a->score > b->score) - (a->score < b->score);
    if (ranking->is_by_text) return 0;
    if (!a->has_weight || !b->has_weight) return (int)a->has_weight - (int)b->has_weight;
    return bytes_compare(view(ranking, a->weight_start, a->weight_len),
                         view(ranking, b->weight_start, b->weight_len));
}

static int compare(const void *left, const void *right, void *context) {
    const struct ranking *ranking = context;
    int order = compare_weights(ranking, left, right);
    if (order == 0) order = compare_texts(ranking, left, right);
    return ranking->is_descending ? -order : order;
}

static void swap(struct ranked *a, struct ranked *b) {
    struct ranked moved = *a;
    *a = *b;
    *b = moved;
}

/* The first `len` elements are a heap with the last of them in order on top, but for `at`. */
static void sift_down(struct ranking *ranking, size_t at, size_t len) {
    struct ranked *heap = ranking->elements;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= len) return;
        if (child + 1 < len && compare(&heap[child], &heap[child + 1], ranking) < 0) child++;
        if (compare(&heap[at], &heap[child], ranking) >= 0) return;
        swap(&heap[at], &heap[child]);
        at = child;
    }
}

/* Brings the `wanted` first of the order to the front, themselves unordered. */
static void select_first(struct ranking *ranking, size_t wanted) {
    for (size_t i = wanted / 2; i-- > 0;) sift_down(ranking, i, wanted);
    for (size_t i = wanted; i < ranking->count; i++) {
        struct ranked *top = &ranking->elements[0];
        if (compare(&ranking->elements[i], top, ranking) >= 0) continue;
        swap(&ranking->elements[i], top);
        sift_down(ranking, 0, wanted);
    }
}

void ranking_sort(struct ranking *ranking, size_t wanted) {
    if (wanted == 0 || ranking->count < 2) return;
    if (wanted < ranking->count) select_first(ranking, wanted);
    size_t count = wanted < ranking->count ? wanted : ranking->count;
    qsort_r(ranking->elements, count, sizeof(*ranking->elements), compare, ranking);
}
