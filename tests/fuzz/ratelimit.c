/* Limiters come from files, RESTORE and replicas. The first byte says how many of the next are a
 * limiter's encoding; the rest is a program of takes, gifts, releases and steps of the clock, with
 * policies that change on the way. Where the encoding is none, a limiter begins with the first
 * take.
 *
 * What must hold: what is read is written back as the same bytes; every answer is sound; a peek
 * says what the take then does; and at one moment, with one policy, no more is granted than a
 * limiter that was never used holds. */
#include "data/types/ratelimit/ratelimit.h"
#include "data/database.h"
#include "foundation/clock.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_STEPS = 200, MAX_LOG_LIMIT = 100000 };

/* Moments of limiters lie around it: an encoded one is at home here too. */
#define START_US INT64_C(1700000000000000)

static struct clock the_clock;

struct run {
    struct bytes program;
    struct keyspace *keyspace;
    struct database *db;
    struct key key;
    int64_t now_us;
    int64_t granted; /* at this moment with this policy */
    struct rate_policy policy;
};

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    mem_start();
    hash_set_seed(1);
    return 0;
}

/* --- the program --- */

static uint8_t take_byte(struct run *run) {
    if (run->program.len == 0) return 0;
    uint8_t byte = (uint8_t)run->program.data[0];
    run->program = bytes_of(run->program.data + 1, run->program.len - 1);
    return byte;
}

/* 1 to max, all orders of magnitude alike, those next to powers of two and the bounds too. */
static int64_t take_size(struct run *run, int64_t max) {
    uint8_t exponent = take_byte(run);
    int64_t size = (int64_t)1 << (exponent % 63);
    size += (int64_t)take_byte(run) - 128;
    return size < 1 ? 1 : size > max ? max : size;
}

static void take_policy(struct run *run, enum rate_algorithm algorithm) {
    bool has_records = algorithm == RATE_LOG || algorithm == RATE_CONCURRENT;
    bool is_meter = algorithm == RATE_BUCKET || algorithm == RATE_GCRA || algorithm == RATE_LEAKY;
    run->policy = (struct rate_policy){
        .algorithm = algorithm,
        .is_aligned = algorithm == RATE_FIXED && take_byte(run) % 2 == 0,
        .buckets = algorithm == RATE_SLIDING ? 1 + take_byte(run) % RATE_BUCKETS_MAX : 0,
        .limit = take_size(run, has_records ? MAX_LOG_LIMIT : RATE_LIMIT_MAX),
        .refill = is_meter ? take_size(run, RATE_LIMIT_MAX) : 0,
        .period_ms = take_size(run, RATE_PERIOD_MAX_MS),
    };
    run->granted = 0;
    CHECK(rate_policy_is_valid(&run->policy));
}

static struct bytes take_token(struct run *run) {
    static const char *const tokens[] = {"a", "b", "c", "job:000000000001",
                                         "a token that is longer than the others"};
    return bytes_of_str(tokens[take_byte(run) % ARRAY_LEN(tokens)]);
}

/* --- what must hold --- */

/* A limiter written and read back is the same. */
static void check_bytes(const struct run *run, const struct entry *entry) {
    struct buffer first = {0}, second = {0};
    int64_t due_ms;
    limiter_encode(entry, &first);
    struct entry *again = limiter_decode(run->key.name, buffer_bytes(&first), &due_ms);
    CHECK(again != NULL);
    limiter_encode(again, &second);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    database_discard(run->db, again, false);
    buffer_destroy(&first);
    buffer_destroy(&second);
}

static void check_answer(const struct rate_policy *policy, const struct rate_request *request,
                         const struct rate_answer *answer) {
    bool is_refused_for_good = answer->reason == RATE_REASON_TOO_BIG;
    CHECK(answer->limit == policy->limit);
    CHECK(answer->remaining >= 0 && answer->remaining <= policy->limit);
    CHECK(answer->is_allowed == (answer->reason == RATE_REASON_OK));
    CHECK(answer->is_allowed == (answer->granted != 0));
    CHECK(answer->granted >= 0 && answer->granted <= request->cost);
    /* A lease is renewed although the limit has been lowered below it. */
    CHECK(answer->granted <= policy->limit || policy->algorithm == RATE_CONCURRENT);
    CHECK(request->mode == RATE_MODE_UPTO || answer->granted == 0 ||
          answer->granted == request->cost);
    CHECK(is_refused_for_good == (answer->retry_after_ms == -1));
    CHECK(is_refused_for_good || answer->is_allowed == (answer->retry_after_ms == 0));
    CHECK(answer->reset_after_ms >= 0);
    CHECK(answer->delay_ms >= 0 && (answer->delay_ms == 0 || policy->algorithm == RATE_LEAKY));
}

static void check_same(const struct rate_answer *a, const struct rate_answer *b) {
    CHECK(a->is_allowed == b->is_allowed && a->reason == b->reason && a->limit == b->limit);
    CHECK(a->remaining == b->remaining && a->granted == b->granted);
    CHECK(a->retry_after_ms == b->retry_after_ms && a->reset_after_ms == b->reset_after_ms);
    CHECK(a->delay_ms == b->delay_ms);
}

/* Renewed leases are granted again: CONCURRENT is left out. */
static void check_granted(struct run *run, const struct rate_answer *answer) {
    if (run->policy.algorithm == RATE_CONCURRENT) return;
    run->granted += answer->granted;
    CHECK(run->granted <= run->policy.limit);
}

/* --- steps --- */

/* Another algorithm than the limiter's is refused before it comes here. */
static void suit_policy(struct run *run, const struct found *found) {
    enum rate_algorithm algorithm =
        found->entry == NULL ? RATE_NONE : limiter_algorithm(found->entry);
    if (algorithm != RATE_NONE && algorithm != run->policy.algorithm) take_policy(run, algorithm);
    if (run->policy.algorithm == RATE_NONE)
        take_policy(run, 1 + take_byte(run) % (RATE_ALGORITHMS - 1));
}

static void step_take(struct run *run, struct found *found) {
    suit_policy(run, found);
    struct rate_request request = {
        .now_us = run->now_us,
        .cost = take_size(run, RATE_COST_MAX),
        .mode = take_byte(run) % 3,
    };
    if (run->policy.algorithm == RATE_CONCURRENT) request.token = take_token(run);
    struct rate_request peek = request;
    struct rate_answer answer, peeked;
    peek.is_peek = true;
    limiter_take(run->db, run->key, found, &run->policy, &peek, &peeked);
    limiter_take(run->db, run->key, found, &run->policy, &request, &answer);
    check_answer(&run->policy, &request, &answer);
    check_same(&peeked, &answer);
    check_granted(run, &answer);
}

static void step_give(struct run *run, struct found *found) {
    if (found->entry == NULL || limiter_algorithm(found->entry) == RATE_CONCURRENT) return;
    limiter_give(run->db, run->key, found, run->now_us, take_size(run, RATE_COST_MAX));
    run->granted = 0;
}

static void step_block(struct run *run, struct found *found) {
    int64_t ms = take_size(run, RATE_PERIOD_MAX_MS);
    int64_t until_ms = ms % 4 == 0 ? 0 : run->now_us / 1000 + ms;
    limiter_block(run->db, run->key, found, run->now_us, until_ms);
}

static void step_lease(struct run *run, struct found *found) {
    if (found->entry == NULL || limiter_algorithm(found->entry) != RATE_CONCURRENT) return;
    struct bytes token = take_token(run);
    uint8_t choice = take_byte(run);
    bool is_done = choice % 2 == 0 ? limiter_release(run->db, run->key, found, run->now_us, token)
                                   : limiter_renew(run->db, run->key, found, run->now_us, token,
                                                   take_size(run, RATE_PERIOD_MAX_MS));
    (void)is_done;
}

/* On, mostly; now and then the clock is set back. Limiters that are due go. */
static void step_clock(struct run *run) {
    int64_t step_us = take_size(run, INT64_C(1) << 55);
    if (take_byte(run) % 4 == 0) step_us = -step_us;
    int64_t now_us = run->now_us + step_us;
    run->now_us = now_us < 0 || now_us > INT64_C(1) << 61 ? START_US : now_us;
    run->granted = 0;
    clock_set_unix_us(&the_clock, run->now_us);
}

static void step(struct run *run) {
    struct found found = database_find(run->db, run->key);
    uint8_t choice = take_byte(run);
    switch (choice % 8) {
    case 0: step_clock(run); break;
    case 1: step_give(run, &found); break;
    case 2: step_block(run, &found); break;
    case 3: step_lease(run, &found); break;
    case 4:
        if (run->policy.algorithm != RATE_NONE) take_policy(run, run->policy.algorithm);
        break;
    default: step_take(run, &found);
    }
    found = database_find(run->db, run->key);
    if (found.entry == NULL) return;
    check_bytes(run, found.entry);
}

/* --- inputs --- */

/* Puts the encoded limiter under the key, when it is one. */
static void load_encoded(struct run *run, struct bytes encoded) {
    struct found found = database_find(run->db, run->key);
    int64_t due_ms;
    struct buffer written = {0};
    struct entry *entry = limiter_decode(run->key.name, encoded, &due_ms);
    bool is_stored = limiter_store(run->db, run->key, &found, encoded, run->now_us);
    CHECK(is_stored == (entry != NULL));
    if (entry == NULL) return;
    limiter_encode(entry, &written);
    CHECK(bytes_equal(buffer_bytes(&written), encoded));
    if (found.entry != NULL) run->policy = limiter_policy(found.entry);
    buffer_destroy(&written);
    database_discard(run->db, entry, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    size_t encoded_len = data[0] < size ? data[0] : size - 1;
    char *encoded = mem_alloc(encoded_len); /* of exactly the bytes */
    if (encoded_len != 0) memcpy(encoded, data + 1, encoded_len);
    the_clock = (struct clock){0};
    clock_set_unix_us(&the_clock, START_US);
    struct run run = {
        .program = bytes_of(data + 1 + encoded_len, size - 1 - encoded_len),
        .keyspace = keyspace_new(1, &the_clock),
        .key = key_of(BYTES("limiter")),
        .now_us = START_US,
    };
    run.db = run.keyspace->dbs[0];
    load_encoded(&run, bytes_of(encoded, encoded_len));
    for (int i = 0; i < MAX_STEPS && run.program.len != 0; i++) step(&run);
    keyspace_free(run.keyspace);
    mem_free(encoded);
    return 0;
}
