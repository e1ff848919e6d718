/* Longest common subsequence by bit-parallel rows.
 *
 * Row i is a bit string over the columns of b: bit j-1 is 0 where L(i,j) = L(i,j-1) + 1, L being
 * the length for the first i bytes of a and the first j of b. A row follows from the one above by
 *
 *     hits = row & (columns where b holds a's byte)
 *     row  = (row + hits) | (row & ~hits)
 *
 * the sum carrying from word to word. L(i,m) is the number of 0 bits.
 *
 * Walking back from the end: equal bytes match. Otherwise the step goes up (drops a's byte) exactly
 * if L(i-1,j) > L(i,j-1), else left. As L(i,j) is the larger of those two there, that is the case
 * exactly if L(i,j) > L(i,j-1): if row i has a 0 at column j. */
#include "foundation/lcs.h"

#include "foundation/mem.h"

enum { WORD_BITS = 64, BYTE_VALUES = 256 };

static size_t words_of(size_t bits) {
    return bits / WORD_BITS + (bits % WORD_BITS != 0);
}

/* For each byte value in `text`, the columns where it stands; other values have none. */
struct columns {
    uint64_t *words;
    size_t row_words;
    uint16_t slots[BYTE_VALUES]; /* 1 + the value's place among the rows of `words`, or 0 */
};

static size_t min_size(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t columns_memory_bytes(size_t text_len) {
    size_t bytes;
    size_t values = min_size(text_len, BYTE_VALUES);
    if (__builtin_mul_overflow(words_of(text_len) * sizeof(uint64_t), values, &bytes)) {
        return SIZE_MAX;
    }
    return bytes;
}

static bool open_columns(struct columns *columns, struct bytes text) {
    *columns = (struct columns){.row_words = words_of(text.len)};
    size_t used = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint16_t *slot = &columns->slots[(unsigned char)text.data[i]];
        if (*slot == 0) *slot = (uint16_t)++used;
    }
    size_t size = used * columns->row_words * sizeof(uint64_t);
    columns->words = mem_try_alloc(size);
    if (columns->words == NULL) return false;
    memset(columns->words, 0, size);
    for (size_t i = 0; i < text.len; i++) {
        size_t row = columns->slots[(unsigned char)text.data[i]] - 1U;
        columns->words[row * columns->row_words + i / WORD_BITS] |= UINT64_C(1) << (i % WORD_BITS);
    }
    return true;
}

/* Computes the row under `above` for one byte of a; `row` may be `above`. */
static void compute_row(const struct columns *columns, unsigned char byte, const uint64_t *above,
                        uint64_t *row) {
    size_t slot = columns->slots[byte];
    if (slot == 0) {
        if (row != above) memcpy(row, above, columns->row_words * sizeof(uint64_t));
        return;
    }
    const uint64_t *hits_of_byte = columns->words + (slot - 1) * columns->row_words;
    unsigned long long carry = 0;
    for (size_t i = 0; i < columns->row_words; i++) {
        unsigned long long word = above[i];
        unsigned long long hits = word & hits_of_byte[i], sum;
        bool has_carry = __builtin_uaddll_overflow(word, hits, &sum);
        has_carry |= __builtin_uaddll_overflow(sum, carry, &sum);
        carry = has_carry;
        row[i] = sum | (word & ~hits);
    }
}

/* The number of 0 bits among the first `bits`. */
static size_t count_zeros(const uint64_t *row, size_t bits) {
    size_t zeros = 0;
    for (size_t i = 0; i < words_of(bits); i++) {
        uint64_t missing = ~row[i];
        size_t left = bits - i * WORD_BITS;
        if (left < WORD_BITS) missing &= (UINT64_C(1) << left) - 1;
        zeros += (size_t)__builtin_popcountll(missing);
    }
    return zeros;
}

size_t lcs_length_memory_bytes(size_t a_len, size_t b_len) {
    size_t shorter = min_size(a_len, b_len);
    size_t columns = columns_memory_bytes(shorter);
    return columns == SIZE_MAX ? SIZE_MAX : columns + words_of(shorter) * sizeof(uint64_t);
}

bool lcs_length(struct bytes a, struct bytes b, size_t *length) {
    struct bytes longer = a.len < b.len ? b : a, shorter = a.len < b.len ? a : b;
    struct columns columns;
    if (!open_columns(&columns, shorter)) return false;
    size_t row_bytes = columns.row_words * sizeof(uint64_t);
    uint64_t *row = mem_try_alloc(row_bytes);
    if (row != NULL) {
        memset(row, 0xff, row_bytes);
        for (size_t i = 0; i < longer.len; i++) {
            compute_row(&columns, (unsigned char)longer.data[i], row, row);
        }
        *length = count_zeros(row, shorter.len);
    }
    mem_free(row);
    mem_free(columns.words);
    return row != NULL;
}

/* The rows' size; false on overflow. There is a row above the first byte of a, too. */
static bool size_rows(size_t a_len, size_t b_len, size_t *bytes) {
    size_t rows;
    if (__builtin_add_overflow(a_len, 1, &rows)) return false;
    return !__builtin_mul_overflow(rows, words_of(b_len) * sizeof(uint64_t), bytes);
}

size_t lcs_memory_bytes(size_t a_len, size_t b_len) {
    size_t rows, sum;
    if (!size_rows(a_len, b_len, &rows)) return SIZE_MAX;
    if (__builtin_add_overflow(rows, columns_memory_bytes(b_len), &sum)) return SIZE_MAX;
    return sum;
}

bool lcs_open(struct lcs *lcs, struct bytes a, struct bytes b) {
    size_t bytes;
    struct columns columns;
    if (!size_rows(a.len, b.len, &bytes) || !open_columns(&columns, b)) return false;
    uint64_t *rows = mem_try_alloc(bytes);
    if (rows != NULL) {
        size_t row_words = columns.row_words;
        memset(rows, 0xff, row_words * sizeof(uint64_t));
        for (size_t i = 0; i < a.len; i++) {
            const uint64_t *above = rows + i * row_words;
            compute_row(&columns, (unsigned char)a.data[i], above, rows + (i + 1) * row_words);
        }
        *lcs = (struct lcs){
            a, b, count_zeros(rows + a.len * row_words, b.len), rows, row_words, a.len, b.len};
    }
    mem_free(columns.words);
    return rows != NULL;
}

void lcs_close(struct lcs *lcs) {
    mem_free(lcs->rows);
    *lcs = (struct lcs){0};
}

static bool is_step_up(const struct lcs *lcs) {
    size_t column = lcs->b_left - 1;
    const uint64_t *row = lcs->rows + lcs->a_left * lcs->row_words;
    return ((row[column / WORD_BITS] >> (column % WORD_BITS)) & 1) == 0;
}

static bool is_at_match(const struct lcs *lcs) {
    return lcs->a_left > 0 && lcs->b_left > 0 &&
           lcs->a.data[lcs->a_left - 1] == lcs->b.data[lcs->b_left - 1];
}

/* The next run, whatever its length. */
static bool find_match(struct lcs *lcs, struct lcs_match *match) {
    while (!is_at_match(lcs)) {
        if (lcs->a_left == 0 || lcs->b_left == 0) return false;
        if (is_step_up(lcs)) {
            lcs->a_left--;
        } else {
            lcs->b_left--;
        }
    }
    match->a_last = lcs->a_left - 1;
    match->b_last = lcs->b_left - 1;
    while (is_at_match(lcs)) {
        lcs->a_left--;
        lcs->b_left--;
    }
    match->a_first = lcs->a_left;
    match->b_first = lcs->b_left;
    return true;
}

bool lcs_next_match(struct lcs *lcs, size_t min_len, struct lcs_match *match) {
    while (find_match(lcs, match)) {
        if (match->a_last - match->a_first + 1 >= min_len) return true;
    }
    return false;
}

void lcs_write_text(struct lcs *lcs, char *out) {
    lcs->a_left = lcs->a.len;
    lcs->b_left = lcs->b.len;
    char *at = out + lcs->length;
    struct lcs_match match;
    while (find_match(lcs, &match)) {
        size_t len = match.a_last - match.a_first + 1;
        at -= len;
        memcpy(at, lcs->a.data + match.a_first, len);
    }
}
