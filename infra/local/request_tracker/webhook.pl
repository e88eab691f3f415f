# Teaches a Request Tracker 5 to push: installs one global Scrip that posts each change of a ticket as signed JSON.
# Any RT can take it: `Set($WebhookURL, ...)` and `Set($WebhookSecret, ...)` in RT_SiteConfig.pm, then run this once.
#
#   X-RT-Delivery: 38                  the transaction: unique, and rising with every change
#   X-Hub-Signature: sha256=<hex>      HMAC-SHA256 of the body's bytes under the secret
#   {"event": "Set", "field": "Subject", "old": ..., "new": ..., "content": ..., "ticket": {...}, ...}
#
# The push goes out within the request that makes the change, so the receiver should answer at once and work later.
# RT touches the ticket once more afterwards: order pushes by transaction_id, because last_updated may lag by a second.
# A push that fails is logged and not repeated: RT has no queue of its own for it.

use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT;

RT::LoadConfig();
RT::Init();

my $is_a_change = <<'PERL';
return $self->TransactionObj->Type =~ /^(Create|Set|Status|Correspond|Comment|Give|Take|Steal|SetWatcher)$/ ? 1 : 0;
PERL

my $push = <<'PERL';
use Digest::SHA;
use JSON;
use LWP::UserAgent;

my $ticket      = $self->TicketObj;
my $transaction = $self->TransactionObj;

my $body = JSON->new->canonical->utf8->encode({
    event          => $transaction->Type,
    transaction_id => 0 + $transaction->id,
    field          => $transaction->Field,
    old            => $transaction->OldValue,
    new            => $transaction->NewValue,
    actor          => $transaction->CreatorObj->EmailAddress || $transaction->CreatorObj->Name,
    content        => $transaction->Type =~ /^(Create|Correspond|Comment)$/
        ? $transaction->Content(Type => 'text/plain')
        : undef,
    ticket => {
        id           => 0 + $ticket->id,
        subject      => $ticket->Subject,
        status       => $ticket->Status,
        queue        => $ticket->QueueObj->Name,
        owner        => $ticket->OwnerObj->Name,
        priority     => 0 + $ticket->Priority,
        created      => $ticket->CreatedObj->ISO(Timezone => 'utc'),
        last_updated => $ticket->LastUpdatedObj->ISO(Timezone => 'utc'),
        requestors   => [split /, /, $ticket->RequestorAddresses],
        url          => RT->Config->Get('WebURL') . 'Ticket/Display.html?id=' . $ticket->id,
    },
});

my $signature = Digest::SHA::hmac_sha256_hex($body, RT->Config->Get('WebhookSecret'));
my $response  = LWP::UserAgent->new(timeout => 10)->post(
    RT->Config->Get('WebhookURL'),
    'Content-Type'    => 'application/json',
    'X-RT-Delivery'   => $transaction->id,
    'X-Hub-Signature' => "sha256=$signature",
    Content           => $body,
);
RT->Logger->warning('webhook of transaction ' . $transaction->id . ': ' . $response->status_line)
    unless $response->is_success;
return 1;
PERL

my ($id, $message) = RT::Scrip->new(RT->SystemUser)->Create(
    Description            => 'Push changes to a webhook',
    Queue                  => 0,
    Stage                  => 'TransactionCreate',
    Template               => 'Blank',
    ScripCondition         => 'User Defined',
    CustomIsApplicableCode => $is_a_change,
    ScripAction            => 'User Defined',
    CustomPrepareCode      => 'return 1;',
    CustomCommitCode       => $push,
);
die "The Scrip was refused: $message\n" unless $id;
