/**
 * Histories of what clients did to a cluster, and the checks of what such a history may hold. Pure
 * but for {@link HistoryFile}.
 */
package io.tailrace.benchmarks.history;
