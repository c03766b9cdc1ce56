import path from 'node:path';
import { loadSync, type Options } from '@grpc/proto-loader';
import { expect } from 'chai';

const root = path.resolve(import.meta.dirname, '../..');

/** The public contract, loaded as the built program loads it. */
async function contract() {
  const { protoOptions } = (await import(path.join(root, 'dist/net/proto-options.js'))) as { protoOptions: Options };
  return loadSync('justhungry/v1/ordering.proto', { ...protoOptions, includeDirs: [path.join(root, 'proto')] });
}

describe('build', () => {
  it('dist: loads the public contract from the package root', async () => {
    const service = (await contract())['justhungry.v1.FoodOrdering'];
    expect(Object.keys(service ?? {})).to.have.members([
      'GetMenu',
      'GetMotd',
      'MakeOrder',
      'MakeOrders',
      'GetOrders',
      'GetOrder',
      'UpdateOrderStatus',
      'CancelOrder',
      'WatchOrders',
      'SetMenu',
      'SetMotd',
      'ValidatePostcode',
    ]);
  });

  it('dist: messages have the shape that the generated types promise (defaults, enums, longs, optional)', async () => {
    const service = (await contract())['justhungry.v1.FoodOrdering'] as unknown as Record<string, MethodShape>;
    const through = (method: string, value: object) => {
      const { responseSerialize, responseDeserialize } = service[method] as MethodShape;
      return responseDeserialize(responseSerialize(value));
    };
    expect(through('GetMenu', { items: [{ item: 'Dal' }, { item: 'Naan', stock: 0 }], menu_version: 7 })).to.deep.equal(
      {
        items: [
          { item: 'Dal', price_pence: 0, category: '', description: '', allergens: [] },
          { item: 'Naan', price_pence: 0, category: '', description: '', allergens: [], stock: 0, _stock: 'stock' },
        ],
        menu_version: 7,
        as_of: null,
      },
    );
    expect(through('WatchOrders', { event: { kind: 'KIND_PLACED', order: { lines: [] } } })).to.have.nested.property(
      'event.order.status',
      'ORDER_STATUS_UNSPECIFIED',
    );
  });
});

interface MethodShape {
  readonly responseSerialize: (value: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
}
