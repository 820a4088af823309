/**
 * Ports for time and threads, which a simulator implements itself. Randomness is {@link
 * java.util.random.RandomGenerator}.
 */
package io.tailrace.protocol.port;
