#include "server/features.h"

#include "commands/bitmap/bitmap_commands.h"
#include "commands/connection/connection_commands.h"
#include "commands/geo/geo_commands.h"
#include "commands/hash/hash_commands.h"
#include "commands/hyperloglog/hyperloglog_commands.h"
#include "commands/keys/key_commands.h"
#include "commands/list/list_commands.h"
#include "commands/members/members_commands.h"
#include "commands/ratelimit/ratelimit_commands.h"
#include "commands/server/server_commands.h"
#include "commands/set/set_commands.h"
#include "commands/sort/sort_commands.h"
#include "commands/string/string_commands.h"
#include "commands/transactions/transaction_commands.h"
#include "commands/zset/zset_commands.h"
#include "engine/authentication.h"
#include "engine/client.h"
#include "engine/latency.h"
#include "engine/latency_tracking.h"
#include "engine/memory.h"
#include "engine/oom_score.h"
#include "engine/renames.h"
#include "server/redis_directives.h"
#include "server/settings.h"
#include "server/supervisor.h"
#include "services/monitor/monitor.h"
#include "services/persistence/aof.h"
#include "services/persistence/loading.h"
#include "services/persistence/persistence.h"
#include "services/pubsub/notifications.h"
#include "services/pubsub/pubsub.h"
#include "services/slowlog/slowlog.h"
#include "services/tracking/tracking.h"

/* The families that contribute nothing but commands. */
static const struct command_list *const plain_lists[] = {
    &connection_basic_commands,
    &connection_handshake_commands,
    &connection_client_commands,
    &key_exist_commands,
    &key_move_commands,
    &key_walk_commands,
    &key_database_commands,
    &key_expire_commands,
    &key_object_commands,
    &key_dump_commands,
    &string_get_commands,
    &string_set_commands,
    &string_compare_commands,
    &string_fence_commands,
    &string_counter_commands,
    &string_increx_commands,
    &string_edit_commands,
    &string_multi_commands,
    &string_lcs_commands,
    &bitmap_bit_commands,
    &bitmap_bitop_commands,
    &bitmap_bitfield_commands,
    &member_expire_commands,
    &member_due_commands,
    &sort_commands,
    &geo_add_commands,
    &geo_read_commands,
    &geo_radius_commands,
    &geo_search_commands,
    &transaction_commands,
    NULL,
};

static const struct feature plain_commands_feature = {
    .name = "commands",
    .commands = plain_lists,
};

static const struct feature *const features[] = {
    &server_settings_feature,
    &redis_directives_feature,
    &renames_feature,
    &oom_score_feature,
    &supervisor_feature,
    &server_commands_feature,
    &network_feature,
    &authentication_feature,
    &memory_feature,
    &latency_feature,
    &latency_tracking_feature,
    &plain_commands_feature,
    &hyperloglog_commands_feature,
    &hash_commands_feature,
    &list_commands_feature,
    &set_commands_feature,
    &zset_commands_feature,
    &ratelimit_commands_feature,
    &pubsub_feature,
    &notifications_feature,
    &monitor_feature,
    &slowlog_feature,
    &tracking_feature,
    &persistence_feature,
    &aof_feature,
    &loading_feature,
    NULL,
};

const struct feature *const *features_all(void) {
    return features;
}
