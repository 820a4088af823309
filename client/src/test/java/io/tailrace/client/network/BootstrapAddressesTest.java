package io.tailrace.client.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.BrokerDescription;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BootstrapAddressesTest {

  @ParameterizedTest
  @CsvSource({
    "localhost:7092, localhost, 7092",
    "a.example, a.example, 7092",
    "[::1]:99, ::1, 99",
    "[::1], ::1, 7092",
    "::1, ::1, 7092"
  })
  void readsHostAndPort(String text, String host, int port) {
    assertEquals(List.of(BrokerAddress.bootstrap(host, port)), BootstrapAddresses.parse(text));
  }

  @ParameterizedTest
  @CsvSource({"::1, [::1]:7092", "a.example, a.example:7092"})
  void printsWhatItReads(String host, String text) {
    BrokerAddress address = BrokerAddress.bootstrap(host, 7092);
    assertEquals(text, address.hostAndPort());
    assertEquals("broker at " + text, address.toString());
    assertEquals(List.of(address), BootstrapAddresses.parse(text));
    assertEquals(text, new BrokerDescription(1, host, 7092, "").address());
  }

  @Test
  void readsSeveralAndIgnoresSpace() {
    assertEquals(
        List.of(BrokerAddress.bootstrap("a", 1), BrokerAddress.bootstrap("b", 2)),
        BootstrapAddresses.parse(" a:1 , b:2,"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " , ",
        "host:port",
        "host:0",
        "http://host:7092",
        "host:7092/x",
        "a b:1",
        "host:70000",
        ":7092",
        "[]:1"
      })
  void quotesWhatItCannotRead(String text) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> BootstrapAddresses.parse(text));
    assertTrue(
        error.getMessage().contains("'" + text.strip() + "'")
            || error.getMessage().contains("'" + text + "'"),
        error.getMessage());
  }
}
