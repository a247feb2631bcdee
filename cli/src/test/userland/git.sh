#!/bin/sh
# The life of a repository.
set -e
export HOME="$PWD" GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global user.name Tester
git config --global user.email tester@example.com
git config --global init.defaultBranch main
git config --global gc.auto 0
git init -q repository
cd repository
for n in $(seq 1 20); do
    mkdir -p "directory$((n % 3))"
    seq "$n" $((n * 50)) >"directory$((n % 3))/file$n"
    git add .
    git commit -q -m "Add file $n"
done
git log --oneline | head -n 3
git log --format='%h %an %ad %s' --date=short -n 2
git status --short --branch
echo changed >directory1/file1
git status --short
git diff --stat
git checkout -q -b branch HEAD~5
echo branch >on-branch
git add on-branch
git commit -q -m 'Work on a branch'
git stash list
git checkout -q -f main
git merge -q -m 'Merge the branch' branch
git log --oneline --graph -n 5
git tag -a v1 -m 'The first one'
git gc -q --prune=now
git count-objects -v | grep -E '^(count|in-pack|packs|garbage)'
git fsck --full --strict
git clone -q . ../clone
cd ../clone
git log --oneline | wc -l
git describe
git ls-files | wc -l
git remote -v | sed 's|/.*/||'
git clone -q --no-hardlinks --depth 1 "file://$PWD" ../shallow
git -C ../shallow log --oneline | wc -l
git blame directory0/file3 | head -n 1
git grep -c 777 | head -n 3
git archive HEAD directory1 | tar -t | wc -l
git rebase -q HEAD~3 && git rev-parse HEAD
git push -q origin HEAD:refs/heads/pushed
git -C ../repository branch --list
