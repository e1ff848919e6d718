<?php
// The everyday calls of the extension; dies with a line that names the first wrong answer.
function expect($name, $got, $wanted)
{
    if ($got !== $wanted) {
        fwrite(STDERR, "$name: " . json_encode($got) . "\n");
        exit(1);
    }
}

$redis = new Redis();
$redis->connect('127.0.0.1', (int)$argv[1]);
expect('set', $redis->set('k', 'v', ['nx', 'ex' => 10]), true);
expect('set again', $redis->set('k', 'w', ['nx']), false);
expect('get', $redis->get('k'), 'v');
expect('none', $redis->get('none'), false);
expect('ttl', $redis->ttl('k') > 0, true);
expect('incr', $redis->incrBy('n', 5), 5);
expect('mget', $redis->mget(['k', 'none', 'n']), ['v', false, '5']);
expect('pipeline', $redis->pipeline()->set('a', 1)->incr('a')->get('a')->exec(), [true, 2, '2']);
$redis->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_PHP);
$redis->set('object', ['a' => [1, 2.5, null]]);
expect('object', $redis->get('object'), ['a' => [1, 2.5, null]]);
$redis->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
$found = [];
for ($cursor = null; $keys = $redis->scan($cursor, '*', 2);) {
    $found = array_merge($found, $keys);
}
sort($found);
expect('scan', $found, ['a', 'k', 'n', 'object']);
expect('select', $redis->select(3) && $redis->dbSize() === 0, true);
expect('info', isset($redis->info()['used_memory']), true);
