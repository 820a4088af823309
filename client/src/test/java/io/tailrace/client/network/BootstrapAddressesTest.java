package io.tailrace.client.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

  @Test
  void readsSeveralAndIgnoresSpace() {
    assertEquals(
        List.of(BrokerAddress.bootstrap("a", 1), BrokerAddress.bootstrap("b", 2)),
        BootstrapAddresses.parse(" a:1 , b:2,"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " , ", "host:port", "host:0", "host:70000", ":7092", "[]:1"})
  void quotesWhatItCannotRead(String text) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> BootstrapAddresses.parse(text));
    assertTrue(
        error.getMessage().contains("'" + text.strip() + "'")
            || error.getMessage().contains("'" + text + "'"),
        error.getMessage());
  }
}
