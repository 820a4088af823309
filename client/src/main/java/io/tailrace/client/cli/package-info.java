/**
 * The {@code tailrace} command line, on the public client API. Exit codes: 0 done, 1 the broker or
 * the data said no, 2 wrong usage or bad input.
 */
package io.tailrace.client.cli;
