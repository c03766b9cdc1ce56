import { BENCH_MENU } from '../order.js';

/** The menu of generated folders: that of the bench and more. No limited stock, so that every order can be had. */
export const GENERATED_MENU =
  BENCH_MENU +
  [
    'Onion Bhaji (3),3.75,Starters,Fried in chickpea batter,,',
    'Dal Tadka,6.95,Curries,"Yellow lentils, garlic and ghee",milk,',
    'Saag Paneer,8.25,Curries,Spinach and fresh cheese,milk,',
    'Lamb Rogan Josh,10.95,Curries,Slow-cooked shoulder of lamb; medium,,',
    '"Chef\'s ""Half & Half"", for two",18.50,Specials,"Butter chicken and dal tadka, two naan, rice",gluten;milk;nuts,',
    'Pilau Rice,3.25,Sides,"Basmati, saffron",,',
    'Mango Lassi,3.60,Drinks,,milk,',
    '',
  ].join('\r\n');

/** The message of the day of generated folders. */
export const GENERATED_MOTD = 'Welcome';
