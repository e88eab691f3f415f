# Request Tracker with everything it writes in one folder. What differs from run to run comes from the environment,
# so that the file itself never changes; the last two are read by the Scrip that webhook.pl installs.

my $folder = $ENV{REQUEST_TRACKER_FOLDER};

Set($rtname,         'boardbridge');
Set($Organization,   'boardbridge');
Set($WebDomain,      '127.0.0.1');
Set($WebPort,        $ENV{REQUEST_TRACKER_PORT});
Set($WebPath,        '');

Set($DatabaseType,   'SQLite');
Set($DatabaseName,   "$folder/$ENV{REQUEST_TRACKER_DATABASE}");

Set($MailCommand,    'testfile');  # no mail leaves the machine
Set($LogToSTDERR,    'warning');
Set($LogToSyslog,    undef);
Set($LogToFile,      undef);

$RT::MasonDataDir    = "$folder/mason";
$RT::MasonSessionDir = "$folder/sessions";

Set($WebhookURL,     $ENV{REQUEST_TRACKER_WEBHOOK});
Set($WebhookSecret,  $ENV{REQUEST_TRACKER_SECRET});

1;
