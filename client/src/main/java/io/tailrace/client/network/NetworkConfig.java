package io.tailrace.client.network;

/**
 * Settings of the connections to brokers.
 *
 * @param clientId what brokers call this client
 * @param connectTimeoutMs for the link and the handshake, together
 * @param requestTimeoutMs a connection on which nothing comes for this long is given up
 * @param backoffMs the wait after a first failure to connect; doubles with each further one
 * @param maxBackoffMs the longest wait
 * @param introduction what the handshake says besides
 */
public record NetworkConfig(
    String clientId,
    int connectTimeoutMs,
    int requestTimeoutMs,
    int backoffMs,
    int maxBackoffMs,
    Introduction introduction) {

  /** The settings of a client. */
  public NetworkConfig(
      String clientId,
      int connectTimeoutMs,
      int requestTimeoutMs,
      int backoffMs,
      int maxBackoffMs) {
    this(
        clientId, connectTimeoutMs, requestTimeoutMs, backoffMs, maxBackoffMs, Introduction.CLIENT);
  }
}
