package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tailrace.client.network.BootstrapAddresses;
import io.tailrace.client.network.BrokerAddress;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BrokerDescriptionTest {
  @ParameterizedTest
  @CsvSource({"::1,[::1]:18050", "fe80::1%eth0,[fe80::1%eth0]:18050", "host,host:18050"})
  void anAddressCanBeABootstrap(String host, String address) {
    BrokerDescription broker = new BrokerDescription(3, host, 18050, "");

    assertEquals(address, broker.address());
    assertEquals(
        List.of(BrokerAddress.bootstrap(host, 18050)), BootstrapAddresses.parse(broker.address()));
    assertEquals("broker 3 at " + address, new BrokerAddress(3, host, 18050, "").toString());
  }
}
