/**
 * The Java client of Tailrace: {@link io.tailrace.client.TailraceClient} and the producers,
 * consumers and admins that it creates.
 *
 * <p>One client per process owns the connections, the metadata and the one thread that does the
 * network's work; producers, consumers and the admin are light. Everything here is thread-safe
 * unless its comment says otherwise.
 */
package io.tailrace.client;
