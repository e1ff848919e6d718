<?php
// One request of a visitor: counts it in the session, or ends the session.
session_id($argv[1]);
session_start();
if (($argv[2] ?? '') === 'end') {
    session_destroy();
    exit;
}
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
echo $_SESSION['visits'];
