package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ResponseOrderTest {
  private final ResponseOrder order = new ResponseOrder();
  private final List<Integer> written = new ArrayList<>();

  @Test
  void responsesLeaveInTheOrderOfTheirRequestsHoweverTheyBecomeReady() {
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      written.clear();
      int count = 1 + random.nextInt(20);
      List<ResponseOrder.Place> places = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        places.add(order.next());
      }
      List<Integer> ready = new ArrayList<>(IntStream.range(0, count).boxed().toList());
      Collections.shuffle(ready, random);
      for (int each : ready) {
        order.fill(places.get(each), () -> written.add(each));
      }
      assertEquals(IntStream.range(0, count).boxed().toList(), written);
      assertEquals(0, order.waiting());
    }
  }

  @Test
  void aResponseWaitsForTheOneBeforeIt() {
    ResponseOrder.Place first = order.next();
    ResponseOrder.Place second = order.next();

    order.fill(second, () -> written.add(2));
    assertEquals(List.of(), written);
    assertEquals(2, order.waiting());

    order.fill(first, () -> written.add(1));
    assertEquals(List.of(1, 2), written);
  }

  @Test
  void aRequestThatIsBegunAndAnsweredWhileAnotherIsWrittenComesBehindIt() {
    ResponseOrder.Place first = order.next();
    ResponseOrder.Place second = order.next();
    order.fill(second, () -> written.add(2));

    order.fill(
        first,
        () -> {
          order.fill(order.next(), () -> written.add(3));
          written.add(1);
        });

    assertEquals(List.of(1, 2, 3), written);
  }

  @Test
  void aSecondAnswerToOneRequestIsAnError() {
    order.next();
    ResponseOrder.Place second = order.next();
    order.fill(second, () -> {});
    assertThrows(IllegalStateException.class, () -> order.fill(second, () -> {}));
  }
}
