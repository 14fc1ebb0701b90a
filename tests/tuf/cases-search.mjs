// SPDX-License-Identifier: Apache-2.0
// The search through delegations: pre-order, depth first, in order of appearance, each role once, no further than what
// its delegators were trusted with.
import { start, visited } from './client.mjs';
import { test } from './tap.mjs';

// Graphs as lists of [delegator, role, options], and the roles visited in the search for a target that nobody has.
const GRAPHS = {
    one_role: [[['targets', 'A']], 'A'],
    two_roles_in_order: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
        ],
        'A B',
    ],
    two_levels: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['B', 'C'],
        ],
        'A B C',
    ],
    children_before_siblings: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['A', 'C'],
            ['A', 'D'],
        ],
        'A C D B',
    ],
    grandchildren_before_siblings: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['A', 'C'],
            ['C', 'D'],
        ],
        'A C D B',
    ],
    nothing_after_a_terminating_role: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['A', 'C', { terminating: true }],
            ['A', 'D'],
        ],
        'A C',
    ],
    what_a_terminating_role_delegates: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['A', 'C', { terminating: true }],
            ['C', 'D'],
        ],
        'A C D',
    ],
    nothing_after_a_terminating_role_at_the_top: [
        [
            ['targets', 'A', { terminating: true }],
            ['targets', 'B'],
        ],
        'A',
    ],
    all_after_a_terminating_role_for_other_paths: [
        [
            ['targets', 'A', { terminating: true, paths: ['other*'] }],
            ['targets', 'B'],
        ],
        'B',
    ],
    no_role_whose_paths_do_not_match: [
        [
            ['targets', 'A', { paths: ['*.py'] }],
            ['targets', 'B'],
            ['A', 'C'],
        ],
        'B',
    ],
    no_deeper_role_whose_paths_do_not_match: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['A', 'C', { paths: ['*.py'] }],
            ['C', 'D'],
        ],
        'A B',
    ],
    each_role_of_a_cycle_once: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['B', 'C'],
            ['C', 'D'],
            ['D', 'B'],
        ],
        'A B C D',
    ],
    a_role_that_delegates_to_itself_once: [
        [
            ['targets', 'A'],
            ['A', 'A'],
            ['A', 'B'],
        ],
        'A B',
    ],
    a_role_that_two_delegate_to_once: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['B', 'C'],
            ['A', 'C'],
        ],
        'A C B',
    ],
    a_role_that_two_delegate_to_by_the_path_that_matches: [
        [
            ['targets', 'A'],
            ['targets', 'B'],
            ['B', 'C'],
            ['A', 'C', { paths: ['*.py'] }],
        ],
        'A B C',
    ],
    no_role_with_an_empty_list_of_paths: [
        [
            ['targets', 'A', { paths: [] }],
            ['targets', 'B'],
        ],
        'B',
    ],
    a_role_with_one_of_several_patterns_that_match: [[['targets', 'A', { paths: ['x', 'y', 'miss*', 'z'] }]], 'A'],
};

for (const [name, [edges, order]] of Object.entries(GRAPHS)) {
    test(`the_search_visits_${name}`, async (t) => {
        const { repo, client, server } = await start(t);
        edges.forEach(([delegator, role, options]) => repo.delegate(delegator, role, options));
        repo.publishAll();
        await client.refusesDownload('not-found', 'missingpath');
        t.equal(visited(server), order.split(' '));
        t.equal(Object.keys(client.trusted()).length, 4 + order.split(' ').length);
    });
}

// targets delegates *.doc and *.md to A, releases/*/* to B; B delegates releases/x/* to C and releases/y/*.zip to D.
function plantTree(repo) {
    repo.delegate('targets', 'A', { paths: ['*.doc', '*.md'] });
    repo.delegate('targets', 'B', { paths: ['releases/*/*'] });
    repo.delegate('B', 'C', { paths: ['releases/x/*'] });
    repo.delegate('B', 'D', { paths: ['releases/y/*.zip'] });
    repo.addTarget('targets', 'plain', 'by targets');
    repo.addTarget('A', 'README.md', 'by A');
    repo.addTarget('C', 'releases/x/x_v1', 'x by C');
    repo.addTarget('D', 'releases/y/y_v1.zip', 'y by D');
    repo.addTarget('D', 'releases/z/z_v1.zip', 'z by D');
    repo.publishAll();
}

const TREE = {
    a_target_of_the_top: ['plain', '', 'by targets'],
    a_target_by_a_wildcard: ['README.md', 'A', 'by A'],
    a_target_two_levels_down: ['releases/x/x_v1', 'B C', 'x by C'],
    a_target_by_a_wildcard_in_a_directory: ['releases/y/y_v1.zip', 'B D', 'y by D'],
    no_target_that_the_chain_does_not_delegate: ['releases/z/z_v1.zip', 'B', null],
};

for (const [name, [path, order, content]] of Object.entries(TREE)) {
    test(`the_search_finds_${name}`, async (t) => {
        const { repo, client, server } = await start(t);
        plantTree(repo);
        if (content === null) {
            await client.refusesDownload('not-found', path);
            client.checkDownloaded();
        } else {
            await client.downloads(path);
            client.checkDownloaded(content);
        }
        const roles = visited(server).filter((request) => !request.startsWith('targets/'));
        t.equal(roles.join(' '), order);
    });
}

// pattern, path, whether it matches
const PATTERNS = [
    ['targets/*.tgz', 'targets/foo.tgz', true],
    ['targets/*.tgz', 'targets/foo.txt', false],
    ['targets/*.tgz', 'targets/sub/foo.tgz', false],
    ['foo-version-?.tgz', 'foo-version-a.tgz', true],
    ['foo-version-?.tgz', 'foo-version-alpha.tgz', false],
    ['foo-version-?.tgz', 'foo-version-.tgz', false],
    ['*.tgz', 'foo.tgz', true],
    ['*.tgz', 'targets/foo.tgz', false],
    ['foo.tgz', 'foo.tgz', true],
    ['foo.tgz', 'xfoo.tgz', false],
    ['foo.tgz', 'foo-tgz', false],
    ['*.TGZ', 'foo.tgz', false],
    ['a?b', 'a/b', false],
    ['*/*', 'a/b', true],
    ['*/*', 'a/b/c', false],
    ['*a*b*c*', 'xxaxxbxxcxx', true],
    ['*a*b*c*', 'xxcxxbxxaxx', false],
    ['a*', 'a', true],
    ['', 'a', false],
];

test('patterns_match_as_the_specification_shows', async (t) => {
    for (const [pattern, path, matches] of PATTERNS) {
        const { repo, client, server } = await start(t);
        repo.delegate('targets', 'team', { paths: [pattern] });
        repo.addTarget('team', path, 'content');
        repo.publishAll();
        const result = await client.download(path);
        t.equal(result.status, matches ? 0 : 1, `${pattern} and ${path}: ${result.stderr}`);
        t.equal(visited(server).includes('team'), matches, `${pattern} and ${path}`);
    }
});
