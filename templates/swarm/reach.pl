# Listens on the ports of a swarm for a minute, or tries those of others. See reach.sh for what it is given.
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;
use POSIX qw(setsid);

my ($verb, $mark, $address, @rest) = @ARGV;
my (@ports, @others);
my $into = \@ports;
for (@rest) { if ($_ eq '--') { $into = \@others } else { push @$into, $_ } }
$| = 1;
if ($verb eq 'listen') { hear() } else { call() }

sub hear {
    my (%tcp, %udp);
    for my $port (@ports) {
        my ($protocol, $number) = split m{/}, $port;
        my %where = (LocalAddr => $address, LocalPort => $number, Proto => $protocol);
        $where{Listen} = 64 if $protocol eq 'tcp';
        $where{ReuseAddr} = 1 if $protocol eq 'tcp';
        my $socket = IO::Socket::IP->new(%where);
        if (!$socket) { print "taken $protocol $number\n"; next }
        print "listening $protocol $number\n";
        ($protocol eq 'tcp' ? \%tcp : \%udp)->{$socket} = $socket;
    }
    defined(my $child = fork) or exit 1;
    exit 0 if $child;
    setsid();
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
    $0 = $mark;
    alarm 60;
    my $ready = IO::Select->new(values %tcp, values %udp);
    while (my @some = $ready->can_read) {
        for my $socket (@some) {
            if ($tcp{$socket}) {
                my $caller = $socket->accept or next;
                print $caller "$mark\n";
                close $caller;
            } elsif (my $from = $socket->recv(my $said, 200)) {
                $socket->send($mark, 0, $from) if $said eq $mark;
            }
        }
    }
}

# Each host is tried by a process of its own, so that one that does not answer holds up no other.
sub call {
    my @children;
    for my $other (@others) {
        defined(my $child = fork) or exit 1;
        if ($child) { push @children, $child; next }
        for my $port (@ports) {
            my ($protocol, $number) = split m{/}, $port;
            my $outcome = $protocol eq 'tcp' ? tcp($other, $number) : udp($other, $number);
            print "$other $protocol $number $outcome\n";
        }
        exit 0;
    }
    waitpid $_, 0 for @children;
}

sub tcp {
    my ($other, $port) = @_;
    my $socket = IO::Socket::IP->new(PeerAddr => $other, PeerPort => $port, Proto => 'tcp', Timeout => 2);
    return $!{ECONNREFUSED} ? 'refused' : 'silent' if !$socket;
    return 'stranger' if !IO::Select->new($socket)->can_read(2);
    my $said = <$socket> // '';
    chomp $said;
    return $said eq $mark ? 'open' : 'stranger';
}

# A datagram may be lost: three are sent before silence counts.
sub udp {
    my ($other, $port) = @_;
    my $socket = IO::Socket::IP->new(PeerAddr => $other, PeerPort => $port, Proto => 'udp') or return 'silent';
    for (1 .. 3) {
        $socket->send($mark);
        next if !IO::Select->new($socket)->can_read(0.5);
        return 'refused' if !defined $socket->recv(my $said, 200);
        return 'open' if $said eq $mark;
    }
    return 'silent';
}
