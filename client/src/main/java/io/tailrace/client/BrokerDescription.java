package io.tailrace.client;

/**
 * A broker that is alive.
 *
 * @param id its {@code broker.id}
 * @param host where clients reach it
 * @param port where clients reach it
 * @param rack empty when none is configured
 */
public record BrokerDescription(int id, String host, int port, String rack) {

  /** {@code host:port} as a bootstrap takes it; an IPv6 address is in brackets. */
  public String address() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
