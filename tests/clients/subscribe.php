<?php
// A subscriber and a publisher in turn; dies with a line that names the first wrong answer.
function expect($name, $got, $wanted)
{
    if ($got !== $wanted) {
        fwrite(STDERR, "$name: " . json_encode($got) . "\n");
        exit(1);
    }
}

$port = (int)$argv[1];

function connect_to($port)
{
    $redis = new Redis();
    $redis->connect('127.0.0.1', $port);
    return $redis;
}

// Subscribing ends only with an error: here when nothing more comes for two seconds.
function hear($port, $kind, $names, $callback)
{
    $redis = connect_to($port);
    $redis->setOption(Redis::OPT_READ_TIMEOUT, 2);
    try {
        $redis->$kind($names, $callback);
    } catch (RedisException $timeout) {
        return;
    }
    expect($kind, 'ended', 'read error');
}

$publisher = connect_to($port);
$publisher->rawCommand('PUBLISH', 'php.1', '0', 'RETAIN');
$heard = [];
$names = ['php.1', 'php.2'];
hear($port, 'subscribe', $names, function ($redis, $channel, $message) use ($publisher, &$heard) {
    $heard[] = "$channel $message";
    if ($message < 100) {
        expect('publish', $publisher->publish('php.' . (1 + $message % 2), $message + 1), 1);
    }
});
expect('count', count($heard), 101);
expect('last', end($heard), 'php.2 100');

$heard = [];
hear($port, 'psubscribe', ['php.*'], function ($redis, $pattern, $channel, $message) use (&$heard) {
    $heard[] = "$pattern $channel $message";
});
expect('pattern', $heard, ['php.* php.1 0']);
expect('retained', $publisher->rawCommand('PUBSUB', 'RETAINED', 'php.*'), ['php.1']);
expect('empty', $publisher->rawCommand('PUBLISH', 'php.1', '', 'RETAIN'), 0);

$publisher->set('n', 1);
$publisher->watch('n');
connect_to($port)->incr('n');
expect('watched', $publisher->multi()->set('n', 10)->exec(), false);
expect('unwatched', $publisher->multi()->incr('n')->exec(), [3]);
