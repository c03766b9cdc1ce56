import { expect } from 'chai';
import { createPostcodeChecker } from '../../src/front-end/postcodes/checker.js';
import { startRechecking } from '../../src/front-end/postcodes/rechecking.js';
import { createPostcodeStandIn } from '../../src/front-end/postcodes/stand-in.js';
import { Router } from '../../src/front-end/router.js';
import { createRequestLinks } from '../../src/net/request-links.js';
import { createUncheckedOrders } from '../../src/net/unchecked-orders.js';
import { systemClock } from '../../src/runtime/system-clock.js';
import { Rig, TOKEN } from './support/rig.js';

describe('unchecked orders', () => {
  it('rechecking: an order taken while the postcode service was down is checked when it is back', async () => {
    const rig = await Rig.start();
    const service = await createPostcodeStandIn();
    const postcodes = createPostcodeChecker({ url: service.url, timeoutMs: 300, probeIntervalMs: 20 });
    const links = createRequestLinks({ replicas: rig.replicas, token: TOKEN });
    const router = new Router({ links, clock: systemClock });
    try {
      const { address } = await rig.frontEnd({ postcodes });
      const client = rig.client([address]);
      const [item] = (await client.getMenu()).items;
      service.misbehave({ kind: 'status', status: 500 });
      const line = { item: item?.item ?? '', quantity: 1, price_pence: item?.price_pence ?? 0 };
      const { order } = await client.makeOrder({
        order_id: '0f0e0d0c-0b0a-4908-8706-050403020100',
        user_code: 'ann',
        lines: [line],
        post_code: 'DH1 1JN',
      });
      expect(order.postcode_check).to.equal('unchecked');

      const rechecking = startRechecking({
        orders: createUncheckedOrders(router),
        postcodes,
        clock: systemClock,
        everyMs: 20,
      });
      service.behave();
      for (;;) {
        const { order: now } = await client.getOrder(order.order_id);
        if (now.postcode_check !== 'unchecked') {
          expect(now.postcode_check).to.equal('valid');
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      rechecking.stop();
    } finally {
      router.close();
      links.close();
      await postcodes.close();
      await service.close();
      await rig.stop();
    }
  });
});
