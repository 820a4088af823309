package io.tailrace.client.network;

import io.tailrace.client.BrokerDescription;

/**
 * Where a broker is reached.
 *
 * @param id its {@code broker.id}; {@link #UNKNOWN_ID} for a bootstrap address
 * @param rack empty when none is known
 */
public record BrokerAddress(int id, String host, int port, String rack) {
  /** Of a broker that was named by its address only. */
  public static final int UNKNOWN_ID = -1;

  /** A bootstrap address. */
  public static BrokerAddress bootstrap(String host, int port) {
    return new BrokerAddress(UNKNOWN_ID, host, port, "");
  }

  /** Whether both are the same place. */
  public boolean sameEndpoint(BrokerAddress other) {
    return port == other.port && host.equals(other.host);
  }

  @Override
  public String toString() {
    return (id == UNKNOWN_ID ? "broker at " : "broker " + id + " at ") + hostAndPort();
  }

  /** As a bootstrap string has it: {@code host:port}, {@code [::1]:7092}. */
  public String hostAndPort() {
    return new BrokerDescription(id, host, port, rack).address();
  }
}
