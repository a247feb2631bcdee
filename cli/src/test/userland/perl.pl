#!/usr/bin/perl
# What perl does with the system.
use strict;
use warnings;
use File::Find;
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempfile);
use IO::Select;
use POSIX qw(:sys_wait_h strftime floor);
use Time::HiRes qw(sleep time alarm);

$| = 1;
my %count;
$count{length $_}++ for qw(a bb cc ddd e);
print join(' ', map { "$_=$count{$_}" } sort keys %count), "\n";
print strftime('%F', gmtime(86400 * 365)), ' ', floor(3.7), "\n";

make_path('d/e/f');
for my $name ('x', 'y') { open my $out, '>', "d/e/$name" or die $!; print $out "$name\n" x 3; close $out }
my @found;
find(sub { push @found, $File::Find::name if -f }, 'd');
print join(' ', sort @found), "\n";
rename 'd/e/x', 'd/e/f/z' or die $!;
opendir my $dir, 'd/e' or die $!;
print join(' ', sort grep { !/^\./ } readdir $dir), "\n";
print -s 'd/e/f/z', ' ', (stat 'd/e/y')[3], "\n";
remove_tree('d');
print -e 'd' ? "still there\n" : "gone\n";

pipe my $read, my $write or die $!;
my $pid = fork // die $!;
if (!$pid) { close $read; print $write "child says $_\n" for 1 .. 3; exit 7 }
close $write;
print while <$read>;
waitpid $pid, 0;
print 'child ended with ', $? >> 8, "\n";

my $said = `echo backticks; exit 3`;
print $said, $? >> 8, "\n";
open my $sort, '|-', 'sort', '-r' or die $!;
print $sort "$_\n" for 1 .. 3;
close $sort;
print system('sh', '-c', 'kill -9 $$'), "\n";

local $SIG{USR1} = sub { print "got $_[0]\n" };
kill USR1 => $$;
eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 0.1; sleep 5; };
print "after: $@";
local $SIG{CHLD} = 'IGNORE';
my $quick = fork // die $!;
exit 0 if !$quick;
sleep 0.1;
print waitpid($quick, 0), " $!{ECHILD}\n";
$SIG{CHLD} = 'DEFAULT';

my @children = map { my $n = $_; my $p = fork // die $!; exit $n if !$p; $p } 1 .. 20;
my $sum = 0;
for (@children) { waitpid $_, 0; $sum += $? >> 8 }
print "sum $sum\n";

my $select = IO::Select->new;
pipe my $r2, my $w2 or die $!;
$select->add($r2);
print 'ready before: ', scalar(() = $select->can_read(0.05)), "\n";
syswrite $w2, 'x';
print 'ready after: ', scalar(() = $select->can_read(1)), "\n";
my ($temporary, $path) = tempfile(UNLINK => 1);
flock $temporary, 2 or die $!;
print {$temporary} 'kept';
seek $temporary, 0, 0;
print <$temporary>, "\n";
my $text = join '', map { chr(97 + $_ % 26) } 0 .. 99999;
my $n = () = $text =~ /(?=xyz)/g;
print "$n matches\n";
exec 'echo', 'exec is the end' or die $!;
